"""Between a robot without ROS and ROS 2: the bytes of messages, both ways."""
