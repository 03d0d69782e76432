"""Coverage of C++ libraries as they are installed: breakpoints in this process that each strike once."""
