"""Reductions: ways to make a test case simpler, one a file."""
