"""Where things are that a camera sees: on the ground, by depth, and in which zones."""
