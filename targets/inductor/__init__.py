"""torch.compile with the Inductor backend on the CPU as a compiler under test."""
