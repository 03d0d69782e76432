"""ATen's operators that no program is made of, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from tensorsmith.generators.exclusions import exclusion_reason
from tensorsmith.generators.out_variants import functional_of
from tensorsmith.generators.table import load_table
from tensorsmith.ir.operators import operator

_RUNS_ON_CPU = (
    "CPU",
    "CompositeImplicitAutograd",
    "CompositeExplicitAutograd",
    "CompositeExplicitAutogradNonFunctional",
)


def left_out() -> Iterator[tuple[str, str]]:
    """The full name of every operator that PyTorch dispatches and the table lacks, and why it does."""
    used = {entry.op for entry in load_table()}
    for qualified in sorted(torch._C._dispatch_get_all_op_names()):
        namespace, _, rest = qualified.partition("::")
        base, _, overload = rest.partition(".")
        op = f"aten.{base}.{overload or 'default'}"
        # Some names are registered with an implementation and without a schema.
        if namespace == "aten" and op not in used and torch._C._jit_get_schemas_for_operator(f"aten::{base}"):
            yield op, exclusion_reason(op) or _why_no_call_was_found(op)


def _why_no_call_was_found(op: str) -> str:
    schema = operator(op)._schema
    if not any("Tensor" in str(returned.type) for returned in schema.returns):
        return "returns-no-tensor"
    if not any("Tensor" in str(argument.type) for argument in schema.arguments):
        return "takes-no-tensor"
    name = operator(op).name()
    if not any(torch._C._dispatch_has_kernel_for_dispatch_key(name, key) for key in _RUNS_ON_CPU):
        return "no-cpu-kernel"
    twin = functional_of(op)
    if twin is not None and any(entry.op == twin for entry in load_table()):
        return "meta-kernel-differs"
    return "no-usable-sample"
