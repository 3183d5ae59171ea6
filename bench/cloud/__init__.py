"""Measures the robot by itself beside a server, over networks good and bad."""
