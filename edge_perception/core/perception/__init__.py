"""The perception node: from an image to what is seen in it."""
