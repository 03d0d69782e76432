"""torch.compile with the Inductor backend on the CPU as a compiler under test."""

import os

# Read when sympy is first imported. Its default forgets, within one graph, most of what Inductor asks again.
os.environ.setdefault("SYMPY_CACHE_SIZE", "50000")
