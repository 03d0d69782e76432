"""Relax, TVM's graph compiler, as a target for operator graphs: two ways in, one way through the compiler."""
