"""A benchmark server for an annotated data set: scores archives of label maps, ranks teams."""
