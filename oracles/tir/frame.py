"""What is known at one point of a function while its code is written: variables, buffers, open parallel loops."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tensorsmith.oracles.tir.values import Value


@dataclass(frozen=True)
class Memory:
    """A buffer: a row-major view of a flat Python list of scalars.

    Attributes:
        text: the name of the list.
        dtype: of an element, without lanes.
        shape: sizes.
        local: elements start uninitialized, as None.
        lanes: scalars of an element: over 1 in a buffer of vectors.
        stored: the dtype of what the list holds.
        strides: how many elements apart neighbours are, by dimension.
        offset: the first element.
        whole: an index that is within `shape` is within the list.
        mixed: the list is a `Bytes`, for buffers of several sizes of elements share it.
    """

    text: str
    dtype: str
    shape: tuple[Value, ...]
    local: bool
    lanes: int
    stored: str
    strides: tuple[Value, ...]
    offset: Value
    whole: bool = True
    mixed: bool = False


@dataclass(frozen=True)
class Access:
    """One load or store of a buffer, in TVM's own index expressions; `texts` are their sources."""

    memory: Memory
    indices: tuple[Any, ...]
    texts: tuple[str, ...]
    stores: bool


@dataclass
class ParallelLoop:
    """A parallel or vectorized loop that is being written.

    Attributes:
        variable: the name of its variable in the code.
        outside: names of the variables that are defined before the loop.
        memories: names of the lists that exist before the loop.
        accesses: every load and store in its body so far.
        watched: the name of a list whose accesses are checked as they happen to the name of what checks them.
    """

    variable: str
    outside: frozenset[str]
    memories: frozenset[str]
    accesses: list[Access] = field(default_factory=list)
    watched: dict[str, str] = field(default_factory=dict)


@dataclass
class Frame:
    """The state of writing one function.

    Attributes:
        variables: identity of a variable to its value; of a vector variable, to a list's name.
        memories: identity of a buffer variable to the buffer.
        parallel: open parallel and vectorized loops, outermost first.
        lines: the source so far.
        constants: source of a constant to its name.
        depth: indentation of the next line.
        inexact: the function calls something that is not correctly rounded.
        rounds: the function has arithmetic of floats.
        excess: the function has arithmetic of bfloat16.
        lane: the lane of a vector expression that is being written, in [lane.low, lane.high].
        noting: every float that is met is noted.
        lazy: a selection evaluates only the value that is kept.
        mixed: names of lists that buffers of several sizes of elements share.
        promising: what blocks promise is checked.
        scope: the number, or its name, of the run of the block around, of what is checked so.
        below: by scope, the blocks in it by identity: the name of each, and how often it must run.
    """

    variables: dict[int, Value] = field(default_factory=dict)
    memories: dict[int, Memory] = field(default_factory=dict)
    parallel: list[ParallelLoop] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    constants: dict[str, str] = field(default_factory=dict)
    depth: int = 1
    inexact: bool = False
    rounds: bool = False
    excess: bool = False
    names: int = 0
    lane: Value | None = None
    noting: bool = False
    lazy: bool = False
    mixed: frozenset[str] = frozenset()
    promising: bool = False
    scope: str = "0"
    below: dict[str, dict[int, tuple[str, int]]] = field(default_factory=lambda: {"0": {}})

    def name(self, prefix: str) -> str:
        """A name that nothing has yet."""
        self.names += 1
        return f"{prefix}{self.names}"

    def constant(self, text: str) -> str:
        """The name of a constant that is made once, before the run."""
        return self.constants.setdefault(text, f"c{len(self.constants)}")

    def write(self, line: str) -> None:
        """Add a line at the current depth."""
        self.lines.append(" " * self.depth + line)

    def touch(self, access: Access) -> None:
        """Note a load or a store in every open parallel loop."""
        for loop in self.parallel:
            loop.accesses.append(access)
