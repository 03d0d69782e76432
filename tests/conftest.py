"""What holds for every test: packages are imported as they are installed, `tensorsmith.<folder>`."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

# `python -m pytest` puts the root on the path: each folder would then be importable under a second name.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != ROOT]
