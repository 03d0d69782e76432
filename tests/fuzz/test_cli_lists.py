"""What there is, and programs to look at."""

import json
from pathlib import Path
from typing import Any

import pytest

from tensorsmith.ir.testcase import load


@pytest.mark.parametrize(
    ("command", "name"),
    [("targets", "inductor"), ("oracles", "differential"), ("mutators", "splice")],
)
def test_lists_have_names_and_summaries(run: Any, command: str, name: str) -> None:
    rows = {row["name"]: row for row in json.loads(run(command, "--json").out)}
    assert rows[name]["summary"]
    table = run(command).out
    assert all(row["name"] in table and row["summary"] in table for row in rows.values())


def test_targets_say_where_they_run_and_what_can_be_set(run: Any) -> None:
    rows = {row["name"]: row for row in json.loads(run("targets", "--json").out)}
    assert rows["inductor"]["devices"] == ["cpu", "cuda"]
    assert rows["inductor"]["knobs"]
    assert rows["eager"]["knobs"] == []
    assert "cpu" not in rows["eager"]["missing"]


def test_generated_programs_are_test_cases_and_repeat(run: Any, tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 50)):
        ran = run("gen", 3, "--out", tmp_path / name, "--seed", seed, "--size", 4, "--target", "aot_eager")
        assert ran.code == 0, ran.err
    cases = {name: [load(tmp_path / name / f"{n:05}.json") for n in range(3)] for name in "abc"}
    assert cases["a"] == cases["b"] != cases["c"]
    assert {case.target for case in cases["a"]} == {"aot_eager"}
    assert len({case.id for case in cases["a"]}) == 3
    text = (tmp_path / "a" / "00000.txt").read_text()
    assert text.startswith(f"test case {cases['a'][0].id} for aot_eager on cpu\n")
