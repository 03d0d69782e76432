"""`python -m tensorsmith.fuzz` is the command line."""

from __future__ import annotations

from tensorsmith.fuzz.cli import main

main()
