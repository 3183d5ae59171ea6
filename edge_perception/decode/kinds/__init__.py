"""The decoders, one a module: see `edge_perception.decode`."""
