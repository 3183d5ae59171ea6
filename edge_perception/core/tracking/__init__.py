"""Tracks: which detections of successive images are the same thing, and how it moves."""
