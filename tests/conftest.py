"""What holds for every test: packages are imported as they are installed, `tensorsmith.<folder>`."""

import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

# `python -m pytest` puts the root on the path: each folder would then be importable under a second name.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != ROOT]

# Programs that a script starts in the background ignore interrupts, and so does what they start; tests send some.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
