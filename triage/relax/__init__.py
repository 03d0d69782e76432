"""Findings of Relax: which pass is guilty, and what a script of its own is."""
