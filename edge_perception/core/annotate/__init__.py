"""The annotate node: what was seen, drawn into the image."""
