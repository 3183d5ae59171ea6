"""Products of matrices on register tiles, of any rank, both computed or one constant."""
