"""Node cores on a recording: in its time, in one thread, as fast as they can."""
