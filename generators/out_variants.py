"""Operators with an `out=` argument, by the operator that does the same without it."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from tensorsmith.ir.operators import operator


@cache
def functional_of(op: str) -> str | None:
    """The operator whose one result `op` writes to its `out` argument, or None if it has no such argument or twin."""
    arguments = operator(op)._schema.arguments
    written = [a for a in arguments if a.alias_info is not None and a.alias_info.is_write]
    if len(written) != 1 or not written[0].kwarg_only or written[0].name != "out" or str(written[0].type) != "Tensor":
        return None
    wanted = [(a.name, str(a.real_type)) for a in arguments if a is not written[0] and a.name != "out"]
    namespace, base, _ = op.split(".")
    packet: Any = getattr(getattr(torch.ops, namespace), base)
    for overload in packet.overloads():
        schema = getattr(packet, overload)._schema
        if [(a.name, str(a.real_type)) for a in schema.arguments] == wanted and len(schema.returns) == 1:
            name = f"{namespace}.{base}.{overload}"
            return None if any(a.alias_info is not None for a in schema.arguments) else name
    return None


def out_variants() -> dict[str, str]:
    """Every ATen operator with an `out=` argument that has a functional twin, with that twin."""
    found: dict[str, str] = {}
    for qualified in sorted(torch._C._dispatch_get_all_op_names()):
        namespace, _, rest = qualified.partition("::")
        base, _, overload = rest.partition(".")
        if namespace != "aten" or "out" not in overload:
            continue
        name = f"aten.{base}.{overload}"
        twin = functional_of(name)
        if twin is not None:
            found[name] = twin
    return found
