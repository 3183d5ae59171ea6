"""The commands of `edge-robot`: what starts a robot, and what looks at one that runs."""
