"""Mutators of pipelines of TVM's passes."""
