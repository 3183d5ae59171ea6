"""Measures the robot as a whole: all nodes in one process beside a process a node."""
