"""What a model is for, as the user and its file say: how frames enter it, what outputs mean."""
