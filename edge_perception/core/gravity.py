"""Gravity, as accelerometers feel it."""

GRAVITY = 9.80665
"""Standard gravity [m/s²]."""
