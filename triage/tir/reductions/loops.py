"""Plainer loops: serial, without annotations and steps, from zero, of few turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.sites import SERIAL, Site
from tensorsmith.triage.tir.reductions.api import Candidates, everywhere

EXTENTS = (1, 2, 4)


def plainer_loops(function: TirFunction) -> Candidates:
    """Make loops serial, drop their annotations and steps, let them start at zero and turn once or a few times."""
    return everywhere(function, _plainer)


def _plainer(site: Site) -> Iterator[Any]:
    node = site.node
    if tree.kind_of(node) != "For":
        return
    dtype = adapter.dtype_of(node.loop_var)
    constant = adapter.tvm().tirx.IntImm
    if int(node.kind) != SERIAL:
        yield _loop(node, kind=SERIAL, annotations={})
    if len(node.annotations):
        yield _loop(node, annotations={})
    if node.step is not None:
        yield _loop(node, step=None)
    if _constant(node.min) != 0:
        yield _loop(node, min=constant(dtype, 0))
    extent = _constant(node.extent)
    for turns in EXTENTS:
        if extent is None or extent > turns:
            yield _loop(node, extent=constant(dtype, turns))


def _constant(node: Any) -> int | None:
    return int(node.value) if tree.kind_of(node) == "IntImm" else None


def _loop(node: Any, **changed: Any) -> Any:
    kept = {
        "min": node.min,
        "extent": node.extent,
        "kind": node.kind,
        "body": node.body,
        "thread_binding": node.thread_binding if "kind" not in changed else None,
        "annotations": dict(node.annotations),
        "step": node.step,
    }
    return adapter.tvm().tirx.For(node.loop_var, **(kept | changed))
