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
    (r"Cannot treat type `ir\.Call` as type", "the pass does not take a function whose parameters are packed"),
)  # fmt: skip


def noise_reason(error: BaseException | str) -> str | None:
    """Why an error means that the order of passes was illegal, and not that TVM is wrong; None if it may be wrong.

    Such errors are expected of free orders. In a legal order they say that the constraints of the catalog lack one.
    """
    message = str(error)
    return next((reason for pattern, reason in _REASONS if re.search(pattern, message)), None)
