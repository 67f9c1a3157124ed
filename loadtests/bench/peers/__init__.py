"""The alternatives: each a small program as an experienced user of its framework writes it.

They run in virtual environments of their own, so a module here imports nothing beyond its
framework, numpy, OpenCV, Pillow, simplejpeg, ONNX Runtime, and `work`.
"""
