"""Direct convolution on register tiles, dense and grouped, and matrix products with one row."""
