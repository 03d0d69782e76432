"""What a TIR program is made of, read from TVM's JSON without TVM: what the engine compares programs by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

# Expression and statement nodes are in these dialects; the rest are types, attributes and containers.
_DIALECTS = ("prim.", "tirx.", "tir.", "s_tir.")
_PLAIN = frozenset(
    {"PrimFunc", "BufferType", "BufferStore", "SeqStmt", "Evaluate", "TensorLoad", "BufferLoad", "Buffer", "IterVar",
     "StringImm", "BufferRegion", "SBlock"}
)  # fmt: skip
_LOOPS = ("serial", "parallel", "vectorized", "unrolled", "thread")


@lru_cache(maxsize=256)
def constructs(text: str) -> tuple[str, ...]:
    """The kinds of expressions, with the class of their dtype, and of statements that occur, sorted.

    Loads, stores, constants, variables and sequences are in every program and are left out.
    Examples: `Add.int`, `Call.exp.float`, `Cast.float<-int`, `For.vectorized`.
    """
    return tuple(sorted(set(_names(_nodes(text)).values())))


@lru_cache(maxsize=256)
def construct_pairs(text: str) -> tuple[str, ...]:
    """Which construct is directly within which, sorted."""
    nodes = _nodes(text)
    names = _names(nodes)
    found = {
        f"{name} > {names[inner]}"
        for position, name in names.items()
        for inner in _within(nodes, nodes[position])
        if inner in names
    }
    return tuple(sorted(found))


def node_count(text: str) -> int:
    """How many expressions and statements a program has; one that is shared counts once."""
    return sum(f"{node['type'].rpartition('.')[0]}." in _DIALECTS for node in _nodes(text))


def _nodes(text: str) -> list[dict[str, Any]]:
    nodes = json.loads(text).get("nodes")
    if not isinstance(nodes, list):
        raise ValueError("TVM's JSON of a function has a list `nodes`")
    return nodes


def _names(nodes: list[dict[str, Any]]) -> dict[int, str]:
    """The construct of each node that is one, by position."""
    found: dict[int, str] = {}
    for position, node in enumerate(nodes):
        dialect, _, kind = node["type"].rpartition(".")
        fields = node.get("data")
        called = kind == "Call" and isinstance(fields, dict)
        if not (called or f"{dialect}." in _DIALECTS) or kind in _PLAIN or not isinstance(fields, dict):
            continue
        if kind == "For":
            found[position] = f"For.{_loop_kind(nodes, fields)}"
        elif called:
            found[position] = f"Call.{_operator(nodes, fields)}.{_class_of(nodes, position)}"
        elif kind == "Cast":
            source = fields.get("value")
            was = _class_of(nodes, source) if isinstance(source, int) else ""
            found[position] = f"Cast.{_class_of(nodes, position)}<-{was}"
        elif kind in ("EQ", "NE", "LT", "LE", "GT", "GE") and isinstance(fields.get("a"), int):
            found[position] = f"{kind}.{_class_of(nodes, fields['a'])}"
        elif "ty" in fields:
            found[position] = f"{kind}.{_class_of(nodes, position)}"
        else:
            found[position] = kind
    return found


def _loop_kind(nodes: list[dict[str, Any]], fields: dict[str, Any]) -> str:
    kind = fields.get("kind", 0)
    return _LOOPS[kind] if isinstance(kind, int) and 0 <= kind < len(_LOOPS) else "other"


def _operator(nodes: list[dict[str, Any]], fields: dict[str, Any]) -> str:
    target = nodes[fields["op"]] if isinstance(fields.get("op"), int) else {}
    said = target.get("data")
    if isinstance(said, dict):
        said = said.get("name")
    if isinstance(said, int):
        said = nodes[said].get("data")
    return str(said).rpartition(".")[2] if isinstance(said, str) else "function"


def _class_of(nodes: list[dict[str, Any]], position: int) -> str:
    """`int`, `uint`, `float`, `bool`, `bfloat`, or what the dtype is called; with `v` for vectors."""
    fields = nodes[position].get("data")
    type_ = fields.get("ty") if isinstance(fields, dict) else None
    if not isinstance(type_, int):
        return ""
    data = nodes[type_].get("data")
    dtype = data.get("dtype") if isinstance(data, dict) else None
    if not isinstance(dtype, str):
        return ""
    scalar, _, lanes = dtype.partition("x")
    return scalar.rstrip("0123456789") + ("v" if lanes else "")


def _within(nodes: list[dict[str, Any]], node: dict[str, Any]) -> Iterator[int]:
    """Positions of the nodes that a node refers to, through arrays."""
    fields = node.get("data")
    values = fields.values() if isinstance(fields, dict) else ()
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(nodes):
            inner = nodes[value]
            if inner["type"] == "ffi.Array":
                yield from (item for item in inner["data"] if isinstance(item, int))
            else:
                yield value
