"""Bisection: which backend, part of a compiler, setting, pass or release makes a test case fail."""
