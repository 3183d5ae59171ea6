"""What a person sees of the robot: lines, pictures with what was seen in them."""
