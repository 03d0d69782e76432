"""Graphs, pipelines, input recipes and test cases: frozen data, its encoding and its validation."""
