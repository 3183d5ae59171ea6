"""The decision node: rules over what is seen and how the robot moves."""
