"""The ``c`` back end: C specialised for each layer, with vector code, for libc alone."""
