"""Signatures of bundles, and of other files that robots read."""
