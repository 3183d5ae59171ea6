"""Servers of the Open Inference Protocol that compute what a model of this machine does, too."""
