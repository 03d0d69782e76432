"""Ways to make a function of TIR simpler, one a file."""
