"""What a training run is, section by section; `training.config.run` reads a whole file."""
