"""Mutators of TIR functions. They keep types; what a change could leave undefined is guarded afterwards (`repair`)."""
