"""Running a compiled library of another machine here, and counting its instructions."""
