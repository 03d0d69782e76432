"""Coverage of the compilers themselves, by running them as they are installed."""
