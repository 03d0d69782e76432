"""A campaign that goes on makes its maps anew where the compiler is another build."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pyroaring import BitMap

from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.coverage.watched import Watched
from tensorsmith.fuzz.recall import recall_corpus
from tensorsmith.fuzz.workforce import Workforce
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.text import parse_graph
from tests.fuzz.conftest import Messages, run_on
from tests.fuzz.test_killing import PLANTED

AGAIN = "no maps of the compiler that is installed; running the"


def pretend(directory: Path, *changes: str) -> None:
    """Change rows of a campaign's store."""
    with closing(sqlite3.connect(directory / "store.sqlite")) as database, database:
        for change in changes:
            database.execute(change)


def sets_of(directory: Path) -> dict[tuple[str, str], BitMap]:
    with Store.open(directory) as store:
        return {(observer, case_id): every for observer, case_id, every in store.coverage.sets()}


@pytest.mark.slow
def test_maps_of_another_build_are_made_anew(tir_campaign: Path, tmp_path: Path) -> None:
    directory = tmp_path / "campaign"
    shutil.copytree(tir_campaign, directory)
    before = sets_of(directory)
    (native,) = {observer for observer, _ in before if observer.startswith("libtvm")}
    old = "libtvm_compiler.so blocks 01234567"
    pretend(
        directory,
        f"UPDATE builds SET build = 'another', observer = '{old}' WHERE observer = '{native}'",
        f"UPDATE reached SET observer = '{old}' WHERE observer = '{native}'",
        "UPDATE builds SET build = 'apache-tvm 0.1' WHERE observer = 'tir-passes'",
        "UPDATE reached SET every = x'3a30000000000000' WHERE observer = 'tir-passes'",
    )
    said = run_on(directory, 1)
    with Store.open(directory) as store:
        kept = len([entry for entry in store.corpus() if any(id_ == entry.id for _, id_ in before)])
        assert store.coverage.builds().keys() == {native, "tir-passes"}
        assert "apache-tvm 0.1" not in store.coverage.builds().values()
        counts = store.coverage.counts()
    assert [line for line in said if AGAIN in line] == [
        f"tir-passes, libtvm_compiler.so blocks: {AGAIN} {kept} tests of the corpus again to make them"
    ]
    assert f"run again: {kept} of {kept} tests of the corpus" in said

    after = sets_of(directory)
    assert not any(observer == old for observer, _ in after)
    for observer in ("tir-passes", "tir-constructs"):
        assert {key: every for key, every in after.items() if key in before and key[0] == observer} == {
            key: every for key, every in before.items() if key[0] == observer
        }
    # Which test of a process comes first to what is done once in a process is another story.
    blocks = [BitMap().union(*(s for (name, _), s in sets.items() if name == native)) for sets in (before, after)]
    assert len(blocks[0] & blocks[1]) > 0.95 * len(blocks[0])
    assert counts[native] == len(blocks[1])


def test_tests_that_fail_on_the_new_build_are_told_and_the_others_run(tmp_path: Path) -> None:
    text = "inputs:\n  %0: f32[4]\nnodes:\n  %1: f32{} = aten.{}.default(%0)\noutputs: %1"
    graphs = {name: text.format("[]" if name == "amax" else "[4]", name) for name in ("relu", "amax", "sigmoid", "exp")}
    recipe = InputRecipe((Drawn("normal", 1),))
    cases = {name: TestCase(parse_graph(graph), recipe, "torch:planted") for name, graph in graphs.items()}
    screen = Messages()
    (tmp_path / "scratch").mkdir()
    workforce = Workforce(tmp_path / "scratch", ("torch:planted",), "cpu", (str(PLANTED),), 60.0, 6 << 30)
    with Store.create(tmp_path / "campaign", Settings(targets=("torch:planted",))) as store:
        for case in cases.values():
            store.add_to_corpus(case, "made")
        workforce.start()
        try:
            failed = recall_corpus(store, workforce, screen, [Watched("observer", "new")], 1)
        finally:
            workforce.close()
        assert {(case.id, verdict.outcome) for case, verdict in failed} == {
            (cases["amax"].id, "fail"), (cases["sigmoid"].id, "fail"),
        }  # fmt: skip
        assert store.coverage.builds() == {"observer": "new"}
        assert screen.said[-1] == "run again: 4 of 4 tests of the corpus"
        assert recall_corpus(store, workforce, screen, [Watched("observer", "new")], 1) == []
