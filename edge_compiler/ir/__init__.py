"""The graph of a model, and what can be done with it: made, printed, evaluated, sorted."""
