"""Errors that say that a pass was run where it may not be."""

from __future__ import annotations

import re

_REASONS: tuple[tuple[str, str], ...] = (
    (r"must be called after|[Pp]lease (call|run|use) .*(before|first)|should be (lowered|called|run) (before|after)",
     "a pass that must run before it has not"),
    (r"VectorizeLoop before|[Cc]all pass \w+ before", "a pass that must run before it has not"),
    (r"Require the target|[Tt]arget (context )?(is )?(required|not defined|attribute)|lacks .*target attribute",
     "the function has no target"),
    (r"Do not have a default for", "the pass does not take this stage of lowering"),
    (r"Non-opaque blocks? (are|is) not allowed|only works on opaque blocks", "blocks are not lowered"),
    (r"op->iter_values\.empty\(\)|init\.has_value\(\)", "blocks are not lowered"),
    (r"used before its definition|occurred before its declaration", "buffers of blocks are not lowered"),
    (r"num_physical_dimensions|Only the last index of a buffer access may be a vector", "buffers are not flattened"),
    (r"Failed to lower the TIRx program", "the pass is of functions that are not made of blocks"),
    (r"has dtype T\.int64\. The function is", "the pass rejects buffers of int64"),
    (r"Cannot unroll non-constant loop", "a loop that is to be unrolled has no constant extent"),
    (r"maximum_rewrite_steps_", "a setting limits the steps of the simplifier"),
    (r"Cannot treat type `ir\.Call` as type", "the pass does not take a function whose parameters are packed"),
)  # fmt: skip

# Errors that may be bugs in a legal order.
_REASONS_IN_FREE_ORDERS: tuple[tuple[str, str], ...] = (
    (r"undefined\.size\(\) == 0|does not match the declared type", "blocks are not lowered"),
    (r"is_zero\(op->min\)", "loops do not start at zero"),
    (r"TIR is ill-formed", "the pass does not take this stage of lowering"),
    (r"max_value\(target_data_type_\)|small\.has_value\(\)", "the pass rejects constants of int64"),
    (r"Cannot broadcast lanes", "vectors are lowered already"),
    (r"VMBuiltinLower encountered", "a pass that must run before it has not"),
    (r"differentiation target|only support one dataflow|target_index should be|functions\.size\(\)",
     "the pass does not take programs of this form"),
    (r"Invoking function main expects", "a pass changed what the function takes"),
)  # fmt: skip


def noise_reason(error: BaseException | str, free_order: bool = False) -> str | None:
    """Why an error means that the order of passes was illegal, and not that TVM is wrong; None if it may be wrong.

    Args:
        error: what a pass raised, or its message.
        free_order: whether the passes followed no constraints. In a legal order, fewer errors are taken for noise, and
            those that are say that the catalog lacks a constraint.
    """
    message = str(error)
    reasons = _REASONS + _REASONS_IN_FREE_ORDERS if free_order else _REASONS
    return next((reason for pattern, reason in reasons if re.search(pattern, message)), None)
