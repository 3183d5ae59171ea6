"""Convolutions and products of quantised bytes, with sums in 32 bits."""
