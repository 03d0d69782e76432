"""What a person names on the command line, and the kinds of files that become test cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tensorsmith.ir.cases import Case
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.testcase import Device


@dataclass(frozen=True)
class Named:
    """What a person named.

    Attributes:
        path: the file.
        name: what follows the colon, the thing in the file that is meant; empty if nothing does.
        inputs: what `--input` says, each the type of a tensor or a constant; they replace example inputs.
        target: the target to use; None leaves the choice to the kind.
        device: as `target`.
    """

    path: Path
    name: str = ""
    inputs: tuple[str, ...] = ()
    target: str | None = None
    device: Device | None = None

    def without_inputs(self, why: str) -> None:
        """Refuse `--input`.

        Raises:
            InvalidInputError: it was given; `why` says why it makes no sense.
        """
        if self.inputs:
            raise InvalidInputError(f"{self.path}: takes no --input: {why}")


@dataclass(frozen=True)
class FileKind:
    """A kind of file: how its name ends, what people call it, and how a test case is made of it.

    `load` raises InvalidInputError for what is no such file, GraphError for a program that cannot become a test case,
    and EnvironmentLacksError where it takes a package that is not installed.
    """

    suffix: str
    what: str
    load: Callable[[Named], Case]
    # Whether a thing in the file is meant, which a colon and its name say.
    has_names: bool = False
