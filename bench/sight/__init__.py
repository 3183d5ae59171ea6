"""How well the robot sees: people in a video beside marks made by hand, and faces."""
