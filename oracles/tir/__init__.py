"""Judging TIR: a strict reference interpreter of functions."""
