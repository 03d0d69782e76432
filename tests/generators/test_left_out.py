"""Every operator that PyTorch dispatches is in the table or left out for a reason."""

from __future__ import annotations

from collections import Counter

import torch

from tensorsmith.generators.left_out import left_out
from tensorsmith.generators.table import load_table


def test_every_operator_is_in_the_table_or_left_out_for_a_reason() -> None:
    reasons = dict(left_out())
    used = {entry.op for entry in load_table()}
    assert not reasons.keys() & used
    dispatched = {name for name in torch._C._dispatch_get_all_op_names() if name.startswith("aten::")}
    assert len(dispatched) == len(reasons) + len(used)
    assert {
        op: reasons[op]
        for op in (
            "aten.rand_like.default",
            "aten.numel.default",
            "aten.hann_window.default",
            "aten.batch_norm_stats.default",
            "aten.nansum.out",
            "aten.crow_indices.default",
        )
    } == {
        "aten.rand_like.default": "random",
        "aten.numel.default": "returns-no-tensor",
        "aten.hann_window.default": "takes-no-tensor",
        "aten.batch_norm_stats.default": "no-cpu-kernel",
        "aten.nansum.out": "meta-kernel-differs",
        "aten.crow_indices.default": "other-layouts-or-devices",
    }


def test_few_reasons_say_no_more_than_that_no_call_was_found() -> None:
    assert Counter(dict(left_out()).values())["no-usable-sample"] < 40
