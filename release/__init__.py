"""Makes what is released: wheels, the sources, a package of Debian, and what is in them."""
