"""`status`, `findings`, `show` and `mark` tell what the store has."""

import json
from pathlib import Path
from typing import Any

from tensorsmith.corpus.store import Store


def test_status_for_scripts(run: Any, campaign: Path) -> None:
    ran = run("status", campaign, "--json")
    assert ran.code == 0
    assert json.loads(ran.out) == {
        "tests": 40,
        "valid": 30,
        "invalid": {"nonfinite": 7, "eager-error": 3},
        "tests_per_second": 5.0,
        "corpus": 1,
        "coverage": {"lines": 2},
        "findings": {"confirmed": 1, "flaky": 1},
        "time": {"compile": 6.5, "eager": 0.5},
        "elapsed": 8.0,
        "limitations": {"no complex": 2},
        "ways": {"insert": {"tests": 9, "valid": 8, "new": 2, "failed": 1, "seconds": 1.5}},
    }


def test_status_for_people(run: Any, campaign: Path) -> None:
    lines = [" ".join(line.split()) for line in run("status", campaign).out.splitlines()]
    assert "tests 40 (5.0 a second)" in lines
    assert "valid 30 (75.0%)" in lines
    assert "invalid nonfinite 7, eager-error 3" in lines
    assert "findings confirmed 1, flaky 1" in lines
    assert "insert 9 88.9% 2 1 166.7 1.33" in lines


def test_findings_for_scripts(run: Any, campaign: Path) -> None:
    first, second = json.loads(run("findings", campaign, "--json").out)
    expected = {
        "id": "aa11",
        "kind": "wrong-result",
        "target": "aot_eager",
        "status": "confirmed",
        "seen": 1,
        "operators": ["aten.add.Tensor"],
        "guilty": "",
        "path": str(campaign / "findings" / "aa11"),
    }
    assert {key: first[key] for key in expected} == expected
    assert first["signature"]["operators"] == ["aten.add.Tensor"]
    assert second["id"] == "ab22"


def test_findings_for_people_name_the_script(run: Any, campaign: Path) -> None:
    _, first, second = run("findings", campaign).out.splitlines()
    assert first.split()[:2] == ["aa11", "confirmed"]
    assert first.rstrip().endswith(str(campaign / "findings" / "aa11" / "repro.py"))
    assert second.split()[:2] == ["ab22", "flaky"]


def test_show_prints_the_report(run: Any, campaign: Path) -> None:
    ran = run("show", campaign, "aa")
    assert ran.code == 0
    assert "# Report of aa11\n" in ran.out
    assert "ab22" not in ran.out


def test_mark_is_kept(run: Any, campaign: Path) -> None:
    assert run("mark", campaign, "ab", "known", "--link", "https://example.org/1").code == 0
    with Store.open(campaign) as store:
        assert (store.finding("ab22").status, store.finding("ab22").link) == ("known", "https://example.org/1")
        assert store.finding("aa11").status == "confirmed"
