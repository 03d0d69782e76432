"""Compilers under test: how each compiles and runs a test case."""
