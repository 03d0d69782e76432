"""Test case to test case, one mutator a file."""
