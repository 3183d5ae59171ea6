"""A transport within one process, without ROS: nodes hand each other serialised messages."""
