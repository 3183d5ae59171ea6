"""Depthwise convolution: each channel with its own kernel."""
