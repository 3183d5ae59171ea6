"""A model runs where the compiler is, and what it sees is told."""
