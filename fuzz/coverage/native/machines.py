"""The machines whose code can be observed. What breakpoints are on them is in `breakpoints.c`."""

from __future__ import annotations

import platform
from types import ModuleType

from tensorsmith.fuzz.coverage.native import x86_64
from tensorsmith.fuzz.coverage.native.elf import Library
from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError

# For each a module with `leaders`, `lea_targets` and `vector_share`.
MACHINES = {"x86_64": x86_64}


def machine_of(library: Library) -> ModuleType:
    """What is known of the machine that a library is for.

    Raises:
        InvalidInputError: nothing is; names the file.
    """
    if library.machine not in MACHINES:
        raise InvalidInputError(f"{library.path}: is for {library.machine}; known are {', '.join(MACHINES)}")
    return MACHINES[library.machine]


def require_this_machine() -> None:
    """Raises EnvironmentLacksError where this machine's own code cannot be observed."""
    machine = platform.machine()
    if machine not in MACHINES:
        raise EnvironmentLacksError(f"native coverage is off: it knows {', '.join(MACHINES)}, and this is {machine}")
