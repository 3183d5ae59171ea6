"""The whole path on real input: a trained model, compiled, on a running robot's graph."""
