"""The arithmetic between canvas and picture, in numpy (`array`) and in torch (`tensor`)."""
