"""Operators by name, and what their schemas promise: what is written, what is random, what is undefined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import torch

from tensorsmith.ir.errors import InvalidInputError

# They write to the running statistics that they are given, and their schemas do not say so.
UNDECLARED_WRITES = ("native_batch_norm", "batch_norm", "cudnn_batch_norm", "miopen_batch_norm", "instance_norm")

# Views in eager mode, but neither schema nor documentation promises that they are.
UNPROMISED_VIEWS = ("unsafe_split", "unsafe_split_with_sizes", "unsafe_chunk", "_unsafe_view")

UNINITIALIZED = ("empty", "new_empty", "empty_like", "empty_strided", "new_empty_strided", "empty_permuted", "resize_")


class Parameter(NamedTuple):
    """An argument of a schema: whether it is given by keyword only, has no default, and is of tensors."""

    name: str
    kwarg_only: bool
    required: bool
    of_tensors: bool


@cache
def operator(name: str) -> torch._ops.OpOverload:
    """The overload with a full name such as `aten.add.Tensor`.

    Raises:
        InvalidInputError: the installed torch has no such operator.
    """
    parts = name.split(".")
    found: Any = torch.ops
    if len(parts) == 3:
        for part in parts:
            found = getattr(found, part, None)
    if not isinstance(found, torch._ops.OpOverload):
        raise InvalidInputError(f"unknown operator `{name}`: torch {torch.__version__} has none of that name")
    return found


@cache
def parameters(name: str) -> tuple[Parameter, ...]:
    """The arguments in the schema's order."""
    return tuple(
        Parameter(a.name, a.kwarg_only, not a.has_default_value(), "Tensor" in str(a.type))
        for a in operator(name)._schema.arguments
    )


@cache
def written_arguments(name: str) -> tuple[str, ...]:
    """Names of the arguments that the operator writes to, `out=` arguments included."""
    return tuple(a.name for a in operator(name)._schema.arguments if a.alias_info is not None and a.alias_info.is_write)


@cache
def is_view(name: str) -> bool:
    """Whether a result may share memory with an argument that the operator does not write to."""
    op = operator(name)
    if any(a.alias_info is not None and not a.alias_info.is_write for a in op._schema.arguments):
        return True
    # Schemas of composite operators (`type_as`, `atleast_1d`) and of `_unsafe_view` keep silent about it.
    return op._schema.name == "aten::_unsafe_view" or torch._C._dispatch_has_kernel_for_dispatch_key(
        op.name(), "CompositeImplicitAutograd"
    )


@cache
def aliased_arguments(name: str) -> tuple[str, ...] | None:
    """Names of the only arguments that results may share memory with; None where that may be any."""
    schema = operator(name)._schema
    if is_view(name) and not any(a.alias_info is not None and not a.alias_info.is_write for a in schema.arguments):
        return None
    return tuple(a.name for a in schema.arguments if a.alias_info is not None)


@cache
def is_pointwise(name: str) -> bool:
    """Whether each element of the result depends on the elements at the same (broadcast) place only."""
    op = operator(name)
    if torch.Tag.pointwise in op.tags:
        return True
    schema = op._schema
    if not schema.name.endswith("_"):
        return False
    # In-place variants do not carry the tag; their out-of-place twins do.
    namespace, twin = schema.name[:-1].split("::")
    packet = getattr(getattr(torch.ops, namespace), twin, None)
    overload = getattr(packet, op._overloadname, None)
    return overload is not None and torch.Tag.pointwise in overload.tags


@cache
def undefined_reason(name: str) -> str | None:
    """Why the result of an operator is not determined by its arguments, or None if it is."""
    op = operator(name)
    if torch.Tag.nondeterministic_seeded in op.tags:
        return "random"
    if op._schema.name.split("::")[1] in UNINITIALIZED:
        return "uninitialized-memory"
    if op._schema.name.split("::")[1] in UNDECLARED_WRITES:
        return "undeclared-write"
    if op._schema.name.split("::")[1] in UNPROMISED_VIEWS:
        return "unpromised-aliasing"
    return None


def draws_nothing(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a call of an operator that may draw random numbers draws none: attention without dropout."""
    schema = operator(name)._schema
    if "scaled_dot_product" not in schema.name:
        return False
    given = dict(zip((a.name for a in schema.arguments), args, strict=False)) | dict(kwargs)
    return bool(given.get("dropout_p", 0.0) == 0.0)


@cache
def changes_metadata(name: str) -> bool:
    """Whether the operator changes the shape or stride of an argument in place, which a graph cannot say."""
    return torch.Tag.inplace_view in operator(name).tags
