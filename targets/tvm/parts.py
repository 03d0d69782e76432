"""What a function is made of, at a glance: its kinds of statements and loops, and what it calls."""

from __future__ import annotations

from typing import Any

from tensorsmith.targets.tvm import adapter

_LOOPS = ("serial", "parallel", "vectorized", "unrolled", "thread")

# Identity of an operator to the operator, which is so kept alive, and its name: TVM takes longer to tell.
_names: dict[int, tuple[Any, str]] = {}
_MOST_NAMES = 1024


def parts(func: Any) -> frozenset[str]:
    """The kinds of statements, with those of loops, and the operators called: `For.vectorized`, `Call.exp`.

    Args:
        func: a PrimFunc, or a function of Relax.
    """
    found: set[str] = set()
    names = adapter.tvm()

    def see(node: Any) -> None:
        kind = type(node).__name__
        if kind == "Call":
            found.add(f"Call.{_name(node.op)}")
        elif kind == "For":
            found.add(f"For.{_LOOPS[node.kind] if node.kind < len(_LOOPS) else 'other'}")
        else:
            found.add(kind)

    adapter.walk(func.body, (names.tirx.Stmt, names.root.ir.Call), see)
    return frozenset(found)


def _name(op: Any) -> str:
    known = _names.get(hash(op))
    if known is None:
        if len(_names) >= _MOST_NAMES:
            _names.clear()
        said = getattr(op, "name", None)
        known = _names[hash(op)] = (op, said if isinstance(said, str) else type(op).__name__)
    return known[1]
