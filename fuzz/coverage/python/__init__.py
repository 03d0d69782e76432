"""Coverage of a compiler's own Python code: which lines of its packages a test is first to execute."""
