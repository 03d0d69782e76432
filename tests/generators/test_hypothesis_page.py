"""The examples of docs/hypothesis.md do what the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "hypothesis.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PRINTED = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)


@contextmanager
def always_the_same() -> Iterator[None]:
    """What is not said in the settings of a test is as the tests of this repository need it."""
    before = settings.get_current_profile_name()
    settings.register_profile("page", derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("page")
    try:
        yield
    finally:
        settings.load_profile(before)


def form(printed: str) -> tuple[list[str], int, int]:
    """What of a printed program does not hang on the release of Hypothesis: its parts, how many calls, the write."""
    sections = re.findall(r"^  (\w+:)", printed, re.MULTILINE)
    return sections, printed.count(" = aten."), printed.count(" = aten.relu_.default(%0)")


def test_there_are_three_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("example", EXAMPLES, ids=["compiler", "operator", "pass"])
def test_example(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"__name__": "example"}
    with always_the_same():
        exec(compile(example, "docs/hypothesis.md", "exec"), names)
    tests = [value for name, value in names.items() if name.startswith("test_")]
    for test in tests:
        test()
    printed = capsys.readouterr().out
    assert form(printed) == form("" if tests else PRINTED[0])
