"""The passes there are: those of TVM, and a third party's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from typing import Any, TypeAlias

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.targets.tvm.older import has_argument, has_pass
from tensorsmith.targets.tvm.passes.entry import Kind, PassEntry
from tensorsmith.targets.tvm.passes.relax import RELAX
from tensorsmith.targets.tvm.passes.s_tir import S_TIR
from tensorsmith.targets.tvm.passes.schedule import SCHEDULE
from tensorsmith.targets.tvm.passes.tirx import TIRX

# Of pairs of a PassEntry and what makes its pass.
ENTRY_POINTS = "tensorsmith.passes"

# Those that the installed TVM has, with the arguments that they have there.
PASSES: tuple[PassEntry, ...] = tuple(
    replace(entry, arguments=tuple(one for one in entry.arguments if has_argument(entry.name, one[0])))
    for entry in (*TIRX, *S_TIR, *SCHEDULE, *RELAX)
    if has_pass(entry.name)
)

# Makes TVM's pass object from the arguments of a step, by name.
Make: TypeAlias = Callable[..., Any]

_registered: dict[str, tuple[PassEntry, Make]] = {}


def register_pass(entry: PassEntry, make: Make) -> None:
    """Add a pass, in this process, in place of another of its name that was added.

    Args:
        entry: what is known about it.
        make: makes TVM's pass object, from the arguments of a step, by name.

    Raises:
        InvalidInputError: TVM has a pass of this name.
    """
    if entry.name in _shipped():
        raise InvalidInputError(f"TVM has a pass `{entry.name}`; a pass that is added needs another name")
    _registered[entry.name] = (entry, make)


def unregister_pass(name: str) -> None:
    """Take out a pass that was added.

    Raises:
        KeyError: no pass of this name was added.
    """
    del _registered[name]


def added_make(name: str) -> Make | None:
    """What makes a pass that was added here or by another package; None for TVM's own."""
    found = _registered.get(name) or _from_packages().get(name)
    return None if found is None else found[1]


def find_pass(name: str) -> PassEntry:
    """What is known about a pass.

    Raises:
        InvalidInputError: there is none of this name.
    """
    entry = known_pass(name)
    if entry is None:
        raise InvalidInputError(f"unknown pass `{name}`; known passes: {', '.join(sorted(e.name for e in passes()))}")
    return entry


def known_pass(name: str) -> PassEntry | None:
    """What is known about a pass, or None."""
    found = _shipped().get(name)
    if found is not None:
        return found
    added = _registered.get(name) or _from_packages().get(name)
    return None if added is None else added[0]


def passes(kind: Kind | None = None) -> tuple[PassEntry, ...]:
    """All passes, or those of one kind: TVM's, then what other packages add under `tensorsmith.passes` or here."""
    added = {**_from_packages(), **_registered}
    every = (*PASSES, *(entry for entry, _ in added.values()))
    return tuple(entry for entry in every if kind is None or entry.kind == kind)


@cache
def _shipped() -> dict[str, PassEntry]:
    return {entry.name: entry for entry in PASSES}


@cache
def _from_packages() -> dict[str, tuple[PassEntry, Make]]:
    return {entry.name: (entry, make) for entry, make in (p.load() for p in entry_points(group=ENTRY_POINTS))}
