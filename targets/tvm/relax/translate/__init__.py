"""Graphs of ATen operators as Relax functions: a table of operators, a file for each family."""
