"""The alternatives: each a small program as an experienced user of its framework writes it.

They run in virtual environments of their own: a module here imports its framework, its neighbours,
and what every environment has: numpy, OpenCV, Pillow, simplejpeg and ONNX Runtime.
"""
