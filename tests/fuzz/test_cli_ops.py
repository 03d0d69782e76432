"""`tensorsmith ops`: lists, what a campaign hit, and learning the operators of a user's own."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from tensorsmith.corpus.settings import read_settings
from tensorsmith.corpus.store import Store
from tensorsmith.generators import in_use
from tensorsmith.generators.data_files import nearest_name
from tensorsmith.generators.in_use import use_operators
from tensorsmith.generators.operator_file import LearnedOperator
from tensorsmith.generators.rules.book import Entry, read_book

KEYS = {"name", "overload", "rule", "precision", "recall", "accepts", "rejects", "reason_excluded"}
LIBRARY = Path(__file__).parents[1] / "planted" / "private_operators.py"
BOOK = msgspec.json.encode(Entry("aten.add.Tensor", ("other broadcasts with self",), 70, 30, 0.99, 0.98, 50))

SCRIPT = """
import torch
import private_operators

print("the script's own output")
private_operators.squash(torch.ones(4, 6), 0.5)
private_operators.squash(torch.ones(3), flip=True)
private_operators.unfaked(torch.ones(3))
torch.nn.functional.gelu(torch.ones(3))
"""


def rows(run: Any) -> dict[str, dict[str, Any]]:
    return {f"{row['name']}.{row['overload']}": row for row in json.loads(run("ops", "--json").out)}


def test_operators_with_what_was_inferred_and_what_is_left_out_and_why(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(in_use, "shipped_book", lambda: read_book(BOOK, "book"))
        use_operators(())
        found = rows(run)
    use_operators(())
    assert all(row.keys() == KEYS for row in found.values())
    assert found["aten.add.Tensor"] == {
        "name": "aten.add", "overload": "Tensor", "rule": ["other broadcasts with self"], "precision": 0.99,
        "recall": 0.98, "accepts": 70, "rejects": 30,
        "reason_excluded": None,
    }  # fmt: skip
    neg = found["aten.neg.default"]
    assert (neg["precision"], neg["recall"], neg["rejects"]) == (None, None, None)
    assert neg["accepts"] > 0
    assert found["aten.rand_like.default"]["reason_excluded"] == "random"


def test_the_table_says_how_good_rules_are_and_why_operators_are_left_out(run: Any) -> None:
    shown = run("ops").out
    (row,) = [line.split() for line in shown.splitlines() if line.startswith("aten.avg_pool2d.default ")]
    assert 0.5 < float(row[3]) <= 1
    assert 0.5 < float(row[4]) <= 1
    assert re.search(r"operators; \d+ are left out", shown)
    assert re.search(r"\brandom \d+", shown)


def test_people_with_another_torch_are_told(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("ops").err == ""
    monkeypatch.setattr(torch, "__version__", "2.99.1")
    nearest_name.cache_clear()
    assert "torch 2.99.1 works with torch-2.13.jsonl" in run("ops").err


def test_options_of_the_list_do_not_go_with_learning(run: Any, tmp_path: Path) -> None:
    ended = run("ops", "--json", "learn", str(tmp_path / "script.py"))
    assert ended.code == 2
    assert "takes neither --coverage nor --json" in ended.err


def test_the_rules_that_ship_are_listed(run: Any) -> None:
    found = rows(run)
    row = found["aten.avg_pool2d.default"]
    assert row["precision"] > 0.5
    assert row["recall"] > 0.5
    assert row["accepts"] > 0
    assert row["rejects"] > 0


def test_operators_for_people(run: Any) -> None:
    lines = [" ".join(line.split()) for line in run("ops").out.splitlines()]
    assert lines[0] == "operator group calls seen precision recall dtypes"
    assert any(line.startswith("aten.add.Tensor pointwise ") for line in lines)
    assert not any(line.startswith("aten.rand_like") for line in lines)


def test_what_a_campaign_hit(run: Any, campaign: Path) -> None:
    sums = "aten.sum.dim_IntList"
    with Store.open(campaign) as store:
        store.add_choices({sums: 3, f"{sums} =f32": 3, f"{sums} keepdim=True": 3, f"{sums} dim=several": 1})
    lines = [" ".join(line.split()) for line in run("ops", "--coverage", campaign).out.splitlines()]
    assert lines[0] == "operator calls dtypes choices never hit"
    (line,) = (line for line in lines if line.startswith(f"{sums} 3 1/"))
    assert "keepdim: False" in line
    assert re.search("dim: [^;]*out of order", line)
    assert any(re.fullmatch(r"aten.neg.default 0 0/\d+ 0/\d+ all of it", line) for line in lines)
    assert any(re.fullmatch(r"1 of \d+ overloads: 0\.1 % hit", line) for line in lines)

    found = json.loads(run("ops", "--coverage", campaign, "--json").out)
    assert found["summary"]["overloads"]["hit"] == 1
    assert found["summary"]["choices"]["hit"] == 2
    (row,) = (row for row in found["operators"] if row["calls"])
    assert (row["name"], row["overload"], row["dtypes"]["f32"]) == ("aten.sum", "dim_IntList", 3)
    assert {"argument": "keepdim", "value": "False", "hits": 0} in row["choices"]


def test_a_campaign_that_counted_nothing_says_so(run: Any, campaign: Path) -> None:
    database = sqlite3.connect(campaign / "store.sqlite")
    database.execute("DROP TABLE choices")
    database.close()
    ran = run("ops", "--coverage", campaign)
    assert ran.code == 2
    assert ran.err == f"error: {campaign}: this campaign counted no argument choices; fuzz it on, and it will\n"


def tensorsmith(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tensorsmith.fuzz", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("print(1)", "made no operator calls, so there is nothing to learn"),
        (
            "import torch\ntorch.ones(3).exp()\nraise ValueError('boom')",
            r"line 3: ValueError: boom \(2 calls of 2 operators were recorded before; --partial learns from those\)",
        ),
        (
            "import torch\ntorch.ones(3)\nraise SystemExit(3)",
            r"it exited with 3 \(1 calls of 1 operators were recorded",
        ),
        ("import torch, os\ntorch.ones(3)\nos.kill(os.getpid(), 11)", r"it died of SIGSEGV \(1 calls were recorded"),
        ("import torch, os\ntorch.ones(3)\nos._exit(0)", r"it ended the process with 0 \(1 calls were recorded"),
        ("def f(:", "line 1: SyntaxError"),
        ("import torch\ntorch.randn(3)", "none of the 1 operators that it calls can be used"),
    ],
)
def test_a_script_that_teaches_nothing_is_one_line(tmp_path: Path, script: str, complaint: str) -> None:
    (tmp_path / "script.py").write_text(script)
    done = tensorsmith(tmp_path, "ops", "learn", "script.py")
    assert done.returncode == 2
    assert re.match(f"error: script.py: {complaint}", done.stderr), done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


def test_bad_arguments_are_one_line(run: Any, tmp_path: Path) -> None:
    ran = run("ops", "learn", tmp_path / "none.py")
    assert (ran.code, ran.err) == (2, f"error: {tmp_path / 'none.py'}: no such file\n")
    script = tmp_path / "script.py"
    script.write_text("print(1)")
    ran = run("ops", "learn", script, "--import", "no_such_module")
    assert ran.code == 2
    assert f"error: {script}: --import no_such_module: ModuleNotFoundError" in ran.err


def test_what_a_script_did_before_it_failed_can_be_learned(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import torch\ntorch.ones(3).exp()\nraise ValueError('boom')")
    done = tensorsmith(tmp_path, "ops", "learn", "script.py", "--partial", "--out", "own.jsonl")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "script.py: line 3: ValueError: boom; learned from the 2 calls of 2 operators before\n"
    learned = [msgspec.json.decode(line, type=LearnedOperator) for line in (tmp_path / "own.jsonl").open("rb")]
    assert [one.entry.op for one in learned] == ["aten.exp.default", "aten.ones.default"]


@pytest.mark.slow
def test_a_private_library_becomes_fuzzable(tmp_path: Path) -> None:
    (tmp_path / "private_operators.py").write_text(LIBRARY.read_text())
    (tmp_path / "script.py").write_text(SCRIPT)
    done = tensorsmith(tmp_path, "ops", "learn", "script.py", "--import", "private_operators.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("the script's own output\n")
    assert re.search(r"private\.squash\.default +2 +[01]\.\d+ +[01]\.\d+", done.stdout)
    assert re.search(r"private\.unfaked\.default .* no working fake kernel", done.stdout)
    options = ("--operators", "script.operators.jsonl", "--import", "private_operators.py")
    assert f"tensorsmith fuzz DIR {' '.join(options)}\n" in done.stdout

    first = ("fuzz", "campaign", "--tests", 8, "--target", "aot_eager", "--workers", 1, "--seed", 1, "--size", 4)
    unregistered = tensorsmith(tmp_path, *first, *options[:2])
    assert unregistered.returncode == 2
    assert "operator `private.squash.default` is not registered; name what registers it with --import" in (
        unregistered.stderr
    )
    assert not (tmp_path / "campaign").exists()

    fuzzed = tensorsmith(tmp_path, *first, *options)
    assert fuzzed.returncode in (0, 1), fuzzed.stdout + fuzzed.stderr  # 1: it found something
    (kept,) = read_settings(tmp_path / "campaign").operators
    (tmp_path / "script.operators.jsonl").unlink()

    covered = json.loads(tensorsmith(tmp_path, "ops", "--coverage", "campaign", "--json").stdout)
    (squash,) = (row for row in covered["operators"] if row["name"] == "private.squash")
    assert squash["calls"] > 0
    before = sum(row["calls"] for row in covered["operators"])
    assert before > 8

    again = tensorsmith(tmp_path, "fuzz", "campaign", "--tests", 8)
    assert again.returncode in (0, 1), again.stdout + again.stderr
    assert read_settings(tmp_path / "campaign").operators == (kept,)
    with Store.open(tmp_path / "campaign") as store:
        assert sum(hits for text, hits in (store.choices() or {}).items() if " " not in text) > before
