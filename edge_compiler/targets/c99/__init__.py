"""Portable C99 in one file: no vectors, no threads, no memory but its own, for any compiler."""
