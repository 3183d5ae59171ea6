"""How well the pose node knows where the robot is: ``python -m bench.pose``."""
