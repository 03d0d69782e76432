"""Change one argument of a call: a number, a flag, a list, a dtype, or which value it reads."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tensorsmith.ir.dtypes import COMMON
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, Atom, DTypeArg, Node, Ref, SpecialFloat, map_refs
from tensorsmith.ir.operators import operator
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.operands import entries
from tensorsmith.mutators.rebuild import Rebuild, call, carry_all, finish, start, values_of_type

TRIES = 8

# Options that say where and how memory is had, and not what is computed.
_PLACEMENT = frozenset({"device", "layout", "non_blocking", "pin_memory"})

Arguments = tuple[tuple[Arg, ...], tuple[tuple[str, Arg], ...]]


def change_argument(case: TestCase, donor: TestCase, rng: random.Random) -> TestCase | None:
    """The test case with one argument of one call changed to another that the operator takes."""
    nodes = case.graph.nodes
    if not nodes:
        return None
    position = rng.randrange(len(nodes))
    node = nodes[position]
    rebuild = start(case, rng)
    carry_all(rebuild, nodes[:position])
    now = (
        tuple(map_refs(arg, rebuild.ids) for arg in node.args),
        tuple((name, map_refs(arg, rebuild.ids)) for name, arg in node.kwargs),
    )
    for _ in range(TRIES):
        changed = _changed(rebuild, node, now, rng)
        if changed == now:
            continue
        try:
            results = call(rebuild, node.op, *changed)
        except GraphError:
            continue
        if len(results) < len(node.results):
            continue  # the rest of the program needs them all
        rebuild.ids.update(zip(node.results, results, strict=False))
        carry_all(rebuild, nodes[position + 1 :])
        return finish(rebuild, case)
    return None


def _changed(rebuild: Rebuild, node: Node, now: Arguments, rng: random.Random) -> Arguments:
    args, kwargs = now
    if rng.random() < 0.25:
        return _with_option(node.op, now, rng)
    place = rng.randrange(len(args) + len(kwargs)) if args or kwargs else 0
    if place < len(args):
        return (*args[:place], _other(rebuild, node.op, args[place], rng), *args[place + 1 :]), kwargs
    if not kwargs:
        return now
    place -= len(args)
    name, arg = kwargs[place]
    if name in _PLACEMENT:
        return now
    if rng.random() < 0.2:
        return args, (*kwargs[:place], *kwargs[place + 1 :])
    return args, (*kwargs[:place], (name, _other(rebuild, node.op, arg, rng)), *kwargs[place + 1 :])


def _with_option(op: str, now: Arguments, rng: random.Random) -> Arguments:
    """Give an argument that is left out, the way a call that was seen gives it."""
    args, kwargs = now
    schema = operator(op)._schema.arguments
    given = _PLACEMENT | {a.name for a in schema[: len(args)]} | {name for name, _ in kwargs}
    entry = entries().get(op)
    options: list[tuple[str, Arg]] = []
    for record in entry.records if entry is not None else ():
        seen = dict(zip((a.name for a in schema), record.args, strict=False)) | dict(record.kwargs)
        options += [(name, arg) for name, arg in seen.items() if name not in given and not _has_ref(arg)]
    options += [
        (a.name, not a.default_value) for a in schema if a.name not in given and isinstance(a.default_value, bool)
    ]
    return (args, (*kwargs, rng.choice(options))) if options else now


def _other(rebuild: Rebuild, op: str, arg: Arg, rng: random.Random) -> Arg:
    if isinstance(arg, tuple):
        return _other_list(rebuild, arg, rng)
    return _other_atom(rebuild, arg, rng)


def _other_list(rebuild: Rebuild, items: tuple[Atom, ...], rng: random.Random) -> Arg:
    if not items:
        return items
    place = rng.randrange(len(items))
    kind = rng.random()
    if kind < 0.5:
        return (*items[:place], _other_atom(rebuild, items[place], rng), *items[place + 1 :])
    if kind < 0.7:
        return tuple(rng.sample(items, len(items)))
    if kind < 0.85:
        return (*items[:place], *items[place + 1 :])
    return (*items[:place], items[place], *items[place:])


def _other_atom(rebuild: Rebuild, atom: Atom, rng: random.Random) -> Atom:
    if isinstance(atom, Ref):
        alike = values_of_type(rebuild.builder, rebuild.builder.types[atom.id])
        return Ref(rng.choice(alike))
    if isinstance(atom, bool):
        return not atom
    if isinstance(atom, int):
        return rng.choice((atom + 1, atom - 1, -atom, 0, 1, -1, 2, 3, atom * 2))
    if isinstance(atom, (float, SpecialFloat)):
        known = atom if isinstance(atom, float) else 1.0
        return rng.choice((-known, known * 2, known / 2, 0.0, 1.0, -1.0, 0.5, 2.0, SpecialFloat("inf")))
    if isinstance(atom, DTypeArg):
        return DTypeArg(rng.choice(COMMON))
    return atom


def _has_ref(arg: Arg) -> bool:
    items: Sequence[Atom] = arg if isinstance(arg, tuple) else (arg,)
    return any(isinstance(item, Ref) for item in items)
