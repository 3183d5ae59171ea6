"""What models are shown: noise and pictures, as the robot would show them."""
