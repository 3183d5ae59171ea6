"""The velocity gate: commands pass as far as the decision allows."""
