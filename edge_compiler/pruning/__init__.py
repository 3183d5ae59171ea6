"""
Networks with fewer channels: which stand and fall together, which go, and what is lost by that.

What is removed is decided by `select`, or by a plan from a file, and done by `cut`.
"""
