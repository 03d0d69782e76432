"""Plain names: A, B, C for buffers, n, m for scalars, i, j, k for loops, x, y, z for other variables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.triage.tir.reductions.api import Candidates, attempted, greedy, with_variables


def plain_names(function: TirFunction) -> Candidates:
    """Rename all variables at once."""
    return greedy(function, _renamed)


def _renamed(function: TirFunction) -> Iterator[TirFunction]:
    names = _names(function)
    found = adapter.variables(function.func)
    if all(str(found[identity].name) == name for identity, name in names.items()):
        return
    candidate = attempted(lambda: with_variables(function, {one: _as(found[one], name) for one, name in names.items()}))
    if candidate is not None:
        yield candidate


def _names(function: TirFunction) -> dict[int, str]:
    """What each variable is to be called, by identity."""
    letters = {"buffer": "ABCDEFGH", "scalar": "nm", "loop": "ijkl", "other": "xyz"}
    pools = {kind: _pool(first, first[0]) for kind, first in letters.items()}
    loops = {
        adapter.identity(node.loop_var) for _, node in tree.walk(function.func.body) if tree.kind_of(node) == "For"
    }
    parameters = [adapter.identity(one) for one in function.func.params]
    found = adapter.variables(function.func)
    names: dict[int, str] = {}
    for identity in dict.fromkeys((*parameters, *found)):
        variable = found[identity]
        if adapter.is_buffer(variable):
            names[identity] = next(pools["buffer"])
        elif adapter.is_number(variable):
            kind = "loop" if identity in loops else "scalar" if identity in parameters else "other"
            names[identity] = next(pools[kind])
    return names


def _pool(letters: str, more: str) -> Iterator[str]:
    return chain(letters, (f"{more}{number}" for number in count(1)))


def _as(variable: Any, name: str) -> Any:
    """The variable under another name."""
    if not adapter.is_buffer(variable):
        return adapter.tvm().tirx.Var(name, variable.ty)
    sizes = adapter.shape(variable)
    if None in sizes:
        raise ValueError(f"the buffer {variable.name} is of symbolic shape")
    return adapter.buffer_like(variable, name, adapter.element_dtype(variable), [size or 1 for size in sizes])
