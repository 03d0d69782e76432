"""A real fault of ONNX Runtime 1.31, and planted ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version

import pytest
import torch
from msgspec.structs import replace
from packaging.version import Version

from tensorsmith.ir.graph import Ref, tensor_type
from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.onnxruntime import target
from tensorsmith.targets.onnxruntime.export import model_of
from tensorsmith.targets.onnxruntime.knobs import DEFAULT_LEVEL, LEVELS
from tensorsmith.targets.onnxruntime.session import disabled_in, level_of, open_session
from tests.oracles.programs import case_of, literal

LIMITS = Limits(seconds=120.0)


def pooled() -> TestCase:
    """Zeros around negative numbers, then the greatest of each window: `Pad_Fusion` drops the zeros."""
    values = literal(*(-float(n + 1) for n in range(9)))
    calls = [
        ("aten.constant_pad_nd.default", (Ref(0), (1, 1, 1, 1), 0.0)),
        ("aten.max_pool2d.default", (Ref(1), (2, 2), (1, 1))),
    ]
    return replace(case_of([tensor_type("f32", (1, 1, 3, 3))], calls, [values]), target="onnxruntime")  # type: ignore[arg-type]


def failing(case: TestCase) -> Verdict:
    """The verdict on a test case that fails with the release that it was found in."""
    found = judge_isolated(case, LIMITS)
    if found.outcome == "pass" and Version(version("onnxruntime")) >= Version("1.32"):
        pytest.skip("this release of ONNX Runtime does not have the fault")
    assert found.outcome == "fail", found
    return found


def export_once(monkeypatch: pytest.MonkeyPatch, case: TestCase) -> None:
    """Let every run of a test case, with whatever settings, take the model that is exported here."""
    model = model_of(case)
    monkeypatch.setattr(target, "model_of", lambda other: model)


def plant(monkeypatch: pytest.MonkeyPatch, guilty: Sequence[str], level: str) -> None:
    """From a level of optimization on, results are wrong unless all of these optimizers are switched off."""
    levels = [*LEVELS, DEFAULT_LEVEL]

    def wrong(model: bytes, pipeline: Pipeline) -> Callable[[Sequence[torch.Tensor]], list[torch.Tensor]]:
        run = open_session(model, pipeline)
        at = levels.index(level_of(pipeline) or DEFAULT_LEVEL)
        if at < levels.index(level) or (guilty and set(guilty) <= set(disabled_in(pipeline))):
            return run
        return lambda inputs: [x + 1 for x in run(inputs)]

    monkeypatch.setattr(target, "open_session", wrong)
