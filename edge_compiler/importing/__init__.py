"""What ``edgec import`` finds out of a model's file from elsewhere, or changes in a copy of it."""
