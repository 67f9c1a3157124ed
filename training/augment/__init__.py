"""Random pictures for training: what real crops show and a data set of fashion photos does not."""
