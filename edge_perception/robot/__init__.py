"""The robot as a graph of nodes, and what of it is to be started, over whatever transport."""
