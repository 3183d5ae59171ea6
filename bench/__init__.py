"""Measures compiled models side by side with the engines that one would use instead."""
