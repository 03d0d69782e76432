"""Tensorsmith: a fuzzing harness for tensor compilers.

The sub-packages (`tensorsmith.ir`, `tensorsmith.targets`, ...) are the folders at the root of the repository.
Importing this package loads no compiler.
"""

__version__ = "0.1.0"
