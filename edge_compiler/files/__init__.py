"""How files come to be and are kept."""
