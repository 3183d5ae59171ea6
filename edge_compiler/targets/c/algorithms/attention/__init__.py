"""Attention in one step: products of matrices and the Softmax between them, by strips of rows."""
