"""Rules of operators: what their arguments must satisfy, inferred by asking, kept as data, used to make calls."""
