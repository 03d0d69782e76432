"""What there is, and programs to look at."""

import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tensorsmith import oracles
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


def test_every_name_that_verdicts_are_given_is_a_listed_oracle(run: Any) -> None:
    listed = {row["name"] for row in json.loads(run("oracles", "--json").out)}
    names = set()
    for found in pkgutil.walk_packages(oracles.__path__, f"{oracles.__name__}."):
        names.add(getattr(importlib.import_module(found.name), "NAME", None))
    # `all`: of those of graphs, where none says anything else.
    assert names - {None} == listed | {"all"}


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


THIRD_PARTY = """
from tensorsmith.targets.eager import Eager

class Other(Eager):
    name = "other"

class Halves:
    name = "halves"

    def features(self, case):
        return ["half"]

other, halves = Other(), Halves()
"""


def test_what_other_packages_register_is_there(tmp_path: Path) -> None:
    metadata = tmp_path / "third_party-1.0.dist-info"
    metadata.mkdir()
    (tmp_path / "third_party.py").write_text(THIRD_PARTY)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[tensorsmith.targets]\nother = third_party:other\n[tensorsmith.observers]\nhalves = third_party:halves\n"
    )
    seen = (
        "import sys; sys.path.append(sys.argv[1])\n"
        "from tensorsmith.fuzz.feedback import all_observers; from tensorsmith.fuzz.cli import main\n"
        "print([observer.name for observer in all_observers()]); main(['targets'])"
    )
    ran = subprocess.run([sys.executable, "-c", seen, str(tmp_path)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    observers, table = ran.stdout.split("\n", 1)
    assert observers == "['operator-pairs', 'tir-constructs', 'halves']"
    assert "\nother " in table
