"""Judges of one property each, giving a verdict on an execution."""
