"""How pixels are normalised for the ImageNet weights that torchvision publishes."""

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Per channel, RGB, of pixels in 0 to 1."""
