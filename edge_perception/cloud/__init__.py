"""Local or cloud: one's own model here and at a server, over the network that one has or fears."""
