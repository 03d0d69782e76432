"""What is known of a library before it runs: its functions with their owners and source files, and their blocks.

Analyses are kept on disk by the build of the library and by the code of the analyser.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from tensorsmith.fuzz.coverage.native.blocks import Blocks, entries, sweep
from tensorsmith.fuzz.coverage.native.cache import Arrays, cached
from tensorsmith.fuzz.coverage.native.eh_frame import Functions, find_functions
from tensorsmith.fuzz.coverage.native.elf import Library, open_library
from tensorsmith.fuzz.coverage.native.owners import OWNERS, find_owners
from tensorsmith.fuzz.coverage.native.sources import files_of_functions, find_references
from tensorsmith.ir.errors import InvalidInputError

Level = Literal["block", "function"]

_ANALYSER = ("elf", "eh_frame", "machines", "x86_64", "sources", "owners", "blocks", "analysis")


@dataclass(frozen=True)
class Analysis:
    """The functions of a library.

    Attributes:
        library: its headers.
        functions: where they are.
        owner: int8[n], positions in `owners.OWNERS`.
        file: int32[n], positions in `files`; -1 where the source file of a function is not known.
        files: the paths of source files as their compiler was given them.
    """

    library: Library
    functions: Functions
    owner: npt.NDArray[np.int8]
    file: npt.NDArray[np.int32]
    files: tuple[str, ...]

    def owned_by(self, owner: str) -> npt.NDArray[np.int64]:
        """The positions of the functions of an owner.

        Raises:
            InvalidInputError: there is no owner of that name.
        """
        if owner not in OWNERS:
            raise InvalidInputError(f"no owner {owner!r} of code: there are {', '.join(OWNERS)}")
        return np.flatnonzero(self.owner == OWNERS.index(owner))

    def file_of(self, function: int) -> str | None:
        """The source file of the function at a position, if it is known."""
        file = int(self.file[function])
        return None if file < 0 else self.files[file]


def analyse(path: Path) -> Analysis:
    """The functions of a library: from the cache, or found in about two seconds.

    Raises:
        InvalidInputError: the file is no library that can be analysed; names the file.
        EnvironmentLacksError: pyelftools is not installed.
    """
    library = open_library(path)
    arrays = cached(_name(library, "functions"), lambda: _functions(library))
    text = arrays["files"].tobytes().decode()
    return Analysis(
        library,
        Functions(arrays["start"], arrays["size"], arrays["handles_exceptions"]),
        arrays["owner"],
        arrays["file"],
        tuple(text.split("\0")) if text else (),
    )


def blocks_of(analysis: Analysis, level: Level, owner: str, progress: Callable[[float], None] | None = None) -> Blocks:
    """The blocks of an owner's functions: from the cache, or by disassembly, about 10 s for 2 million of them.

    Args:
        analysis: what `analyse` gave.
        level: `block`, or `function` for entries only, which needs neither decoder nor cache.
        owner: one of `owners.OWNERS`.
        progress: is told the share that is done.

    Raises:
        InvalidInputError: no such owner.
        EnvironmentLacksError: blocks are to be found, and the decoder is not installed.
    """
    chosen = analysis.owned_by(owner)
    if level == "function":
        return entries(analysis.library, analysis.functions, chosen)

    def find() -> Arrays:
        found = sweep(analysis.library, analysis.functions, chosen, progress or (lambda share: None))
        return {"offset": found.offset, "function": found.function, "unswept": np.array([found.unswept])}

    arrays = cached(_name(analysis.library, owner), find)
    return Blocks(arrays["offset"], arrays["function"], int(arrays["unswept"][0]))


def _functions(library: Library) -> Arrays:
    functions = find_functions(library)
    references = find_references(library, functions)
    return {
        "start": functions.start,
        "size": functions.size,
        "handles_exceptions": functions.handles_exceptions,
        "owner": find_owners(library, functions, references),
        "file": files_of_functions(len(functions), references),
        "files": np.frombuffer("\0".join(references.names).encode(), dtype=np.uint8),
    }


def _name(library: Library, part: str) -> str:
    return f"{library.path.name.split('.')[0]}-{library.identity}-{_analyser()}-{part}"


@cache
def _analyser() -> str:
    """Another analyser finds other blocks."""
    code = b"".join(Path(__file__).with_name(f"{module}.py").read_bytes() for module in _ANALYSER)
    return hashlib.sha256(code).hexdigest()[:8]
