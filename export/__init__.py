"""From a checkpoint to a verified model in the model repository."""
