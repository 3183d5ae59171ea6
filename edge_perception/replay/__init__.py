"""A robot's bag through the same robot again: what it would have done, in numbers."""
