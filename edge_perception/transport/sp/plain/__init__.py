"""SP in Python alone: for processors that have no wheel of pynng."""
