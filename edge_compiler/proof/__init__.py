"""The proof that a library computes what its model says, and who is right where both differ."""
