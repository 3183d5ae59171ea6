"""The camera node: frames of a source, calibrated, as images."""
