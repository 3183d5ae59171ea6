"""Counts the instructions of compiled networks and of other engines on Arm, under QEMU."""
