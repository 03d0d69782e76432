"""The first release that fails, among environments that are processes of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.triage.bisect.releases import bisect_releases, python_of
from tensorsmith.triage.bisect.result import Bisected, Check, Release, Releases, Run
from tensorsmith.triage.bisect.text import answers, to_markdown

SCRIPT = """
import os, sys, time
fate = os.environ["FATE"]
if fate == "lacks":
    import no_such_module
if fate == "slow":
    time.sleep(60)
if fate == "flaky":
    with open(os.environ["RELEASE"] + ".runs", "a+") as file:
        file.write("x")
        file.seek(0)
        fate = "fails" if len(file.read()) == 1 else "passes"
if fate == "fails":
    print("reproduced: they differ")
sys.exit({"fails": 1, "passes": 0, "says nothing": 2}[fate])
"""

Bisect = Callable[..., Releases]


@pytest.fixture
def bisect(tmp_path: Path) -> Bisect:
    """Bisects releases in which the script has these fates; they are called r0, r1 ..."""

    def run(fates: Sequence[str], seconds: float = 30.0, ran: list[Run] | None = None) -> Releases:
        pythons = []
        for number, fate in enumerate(fates):
            python = tmp_path / f"r{number}"
            python.write_text(f'#!/bin/sh\nFATE="{fate}" RELEASE="{python}" exec "{sys.executable}" "$@"\n')
            python.chmod(0o755)
            pythons.append(python)
        return bisect_releases(SCRIPT, pythons, seconds, (lambda run: None) if ran is None else ran.append)

    return run


def name(path: str) -> str:
    return Path(path).name


def states(ran: Sequence[Release]) -> dict[str, str]:
    return {name(one.python): one.outcome for one in ran}


@pytest.mark.parametrize("first", range(5))
def test_the_first_that_fails(bisect: Bisect, first: int) -> None:
    ran: list[Run] = []
    found = bisect(["passes"] * first + ["fails"] * (5 - first), ran=ran)
    assert name(found.first_failing) == f"r{first}"
    assert name(found.last_passing) == ("" if first == 0 else f"r{first - 1}")
    assert found.check == Check((2, 2), (2, 2) if first else (0, 0))
    assert found.unknown == ()
    # 4 backwards, 1 between, and one again of each side.
    assert len(ran) <= 7


def test_backwards_in_steps_that_double_then_halves(bisect: Bisect) -> None:
    ran: list[Run] = []
    bisect(["passes"] * 3 + ["fails"] * 9, ran=ran)
    order = [int(name(run.name.removeprefix("again: ")).removeprefix("r")) for run in ran]
    assert order == [11, 10, 9, 7, 3, 0, 1, 2, 3, 2]


def test_broken_environments_are_skipped_and_told(bisect: Bisect) -> None:
    fates = ["passes", "passes", "lacks", "says nothing", "fails", "fails", "lacks"]
    found = bisect(fates)
    assert (name(found.first_failing), name(found.last_passing)) == ("r4", "r1")
    assert [name(one) for one in found.unknown] == ["r2", "r3"]
    said = {name(one.python): one.said for one in found.ran if one.outcome == "nothing"}
    assert said == {
        "r2": "ModuleNotFoundError: No module named 'no_such_module'",
        "r3": "exit code 2",
        "r6": "ModuleNotFoundError: No module named 'no_such_module'",
    }
    text = "\n".join(answers(Bisected("id", "inductor", "wrong", releases=found)))
    assert "r4) is the first that fails" in text
    assert "It may have come with one of those skipped" in text


@pytest.mark.parametrize(
    ("fates", "failing", "passing"),
    [
        (["fails", "passes", "lacks"], "", "r1"),  # fixed since
        (["lacks", "lacks"], "", ""),
        (["lacks", "fails", "fails"], "r1", ""),
        (["fails"], "r0", ""),
    ],
)
def test_where_there_is_no_first(bisect: Bisect, fates: list[str], failing: str, passing: str) -> None:
    found = bisect(fates)
    assert (name(found.first_failing), name(found.last_passing)) == (failing, passing)
    assert answers(Bisected("id", "inductor", "wrong", releases=found))[0].startswith("Release: ")


def test_a_script_that_does_not_end_says_nothing(bisect: Bisect) -> None:
    found = bisect(["passes", "slow", "fails"], seconds=2.0)
    assert states(found.ran) == {"r0": "passes", "r1": "nothing", "r2": "fails"}
    assert found.ran[1].said == "it did not end in time"


def test_a_flaky_release_is_called_so(bisect: Bisect) -> None:
    found = bisect(["passes", "flaky"])
    assert name(found.first_failing) == "r1"
    assert found.check == Check((1, 5), (2, 2))
    assert "FLAKY" in answers(Bisected("id", "inductor", "wrong", releases=found))[0]


def test_the_versions_are_those_of_the_environment(bisect: Bisect) -> None:
    found = bisect(["fails"])
    assert f"torch {version('torch')}" in found.ran[0].versions
    assert f"| torch {version('torch')}" in to_markdown(Bisected("id", "inductor", "wrong", releases=found))


def test_what_no_machine_can_run_is_broken(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("no program")
    python.chmod(0o755)
    (one,) = bisect_releases(SCRIPT, [python], 5.0).ran
    assert one.outcome == "nothing"
    assert one.said


def test_an_environment_is_an_interpreter_or_a_directory(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    assert python_of(tmp_path) == tmp_path / "bin" / "python"
    assert python_of(tmp_path / "bin" / "python") == tmp_path / "bin" / "python"
    with pytest.raises(InvalidInputError, match="neither a Python interpreter"):
        python_of(tmp_path / "nowhere")
