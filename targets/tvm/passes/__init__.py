"""TVM's passes: what there are, in which orders they may run, and running them."""
