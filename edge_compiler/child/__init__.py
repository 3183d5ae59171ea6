"""The process that a native sandbox starts, and how the two talk."""
