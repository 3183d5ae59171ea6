"""The nodes of the robot: each module puts one together and is its executable."""
