"""The CUDA path: skipped, and so unproven, where there is no GPU."""

from __future__ import annotations

import pytest
import torch

from tensorsmith.generators.cases import random_case
from tensorsmith.ir.errors import EnvironmentLacksError
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.targets.isolation import Limits
from tensorsmith.targets.registry import usable_target

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")


@needs_gpu
def test_programs_are_judged_on_the_gpu() -> None:
    outcomes = {judge_isolated(random_case(seed, "inductor", "cuda", 4), Limits()).outcome for seed in range(6)}
    assert "pass" in outcomes


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch sees a CUDA device")
def test_without_a_gpu_the_target_says_what_is_missing() -> None:
    with pytest.raises(EnvironmentLacksError, match=r"no CUDA device.*--device cpu"):
        usable_target("inductor", "cuda")
