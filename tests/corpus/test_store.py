"""The store keeps what it was given, adds up over runs, and survives kill -9 at any moment."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from pyroaring import BitMap

from tensorsmith.corpus.coverage import Reached
from tensorsmith.corpus.errors import StoreError
from tensorsmith.corpus.findings import Finding
from tensorsmith.corpus.lock import only_engine
from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.graph import Graph, Input, Node, Ref, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase

VECTOR = TensorType("f32", (4,))


def case(seed: int) -> TestCase:
    """A test case that differs from others by its input values only."""
    node = Node("aten.relu.default", (Ref(0),), (1,), (VECTOR,))
    return TestCase(Graph((Input(0, VECTOR),), (node,), (1,)), InputRecipe((Drawn("normal", seed),)), "inductor")


def finding(id_: str, **changes: object) -> Finding:
    """A finding with the given id."""
    fields = {"signature": {"kind": "crash"}, "kind": "crash", "target": "inductor", "case": "c", "original": "o"}
    return Finding(**({"id": id_} | fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "campaign", Settings(seed=7))


def test_a_finding_of_a_version_without_a_field_is_read(store: Store) -> None:
    store.upsert_finding(finding("abc", triage_deaths=1), {"report.md": "# It crashes\n"})
    with closing(sqlite3.connect(store.directory / "store.sqlite")) as database, database:
        database.execute("UPDATE findings SET data = json_remove(CAST(data AS TEXT), '$.triage_deaths')")
    assert store.finding("abc").triage_deaths == 0


def test_a_campaign_reopens_with_all_that_it_had(store: Store) -> None:
    assert store.add_to_corpus(case(1), why="first")
    assert store.add_to_corpus(case(2), why="new coverage", parent=case(1).id, mutator="splice")
    assert not store.add_to_corpus(case(1), why="again")
    named = Reached("lines", BitMap([0, 1]), BitMap([0, 1]), {0: "a", 1: "b"})
    store.coverage.add(case(1).id, 0.5, [named, Reached("blocks", BitMap([3]), BitMap([3]))])
    store.coverage.add(case(2).id, 0.25, [Reached("lines", BitMap([7]), BitMap([1, 7]))])
    store.coverage.set_builds({"blocks": "a build"})
    store.upsert_finding(finding("abc"), {"report.md": "# It crashes\n"})
    store.close()

    with Store.open(store.directory) as again:
        assert again.settings == Settings(seed=7)
        assert [(e.id, e.why, e.parent, e.mutator) for e in again.corpus()] == [
            (case(1).id, "first", "", ""),
            (case(2).id, "new coverage", case(1).id, "splice"),
        ]
        assert again.case(case(2).id) == case(2)
        assert again.coverage.covered("lines") == BitMap([0, 1, 7])
        assert again.coverage.counts() == {"lines": 3, "blocks": 1}
        assert again.coverage.numbers("lines") == {"a": 0, "b": 1}
        assert list(again.coverage.sets()) == [
            ("blocks", case(1).id, BitMap([3])),
            *sorted([("lines", case(1).id, BitMap([0, 1])), ("lines", case(2).id, BitMap([1, 7]))]),
        ]
        assert again.coverage.observers() == ["blocks", "lines"]
        firsts = list(again.coverage.firsts())
        assert firsts[2:] == [("lines", case(2).id, BitMap([7]))]
        assert sorted(firsts[:2]) == [("blocks", case(1).id, BitMap([3])), ("lines", case(1).id, BitMap([0, 1]))]
        assert again.coverage.seconds() == {case(1).id: 0.5, case(2).id: 0.25}
        assert again.coverage.builds() == {"blocks": "a build"}
        again.coverage.forget(["blocks"])
        assert (again.coverage.builds(), again.coverage.counts()) == ({}, {"lines": 3})
        assert again.finding("abc") == finding("abc")
        assert (again.finding_directory("abc") / "report.md").read_text() == "# It crashes\n"


def test_counters_add_up_over_runs(store: Store) -> None:
    store.add_counts({"tests": 10, "time:compile": 0.5})
    store.close()
    with Store.open(store.directory) as again:
        again.add_counts({"tests": 5, "valid": 4})
        assert again.counts() == {"tests": 15, "time:compile": 0.5, "valid": 4}


def test_every_case_of_the_corpus_is_sampled(store: Store) -> None:
    with pytest.raises(LookupError, match="corpus is empty"):
        store.sample_corpus(Random(0))
    for seed in range(4):
        store.add_to_corpus(case(seed), why="seed")
    rng = Random(0)
    drawn = Counter(store.sample_corpus(rng).id for _ in range(200))
    assert drawn.keys() == {case(seed).id for seed in range(4)}
    assert min(drawn.values()) > 25


def test_seen_counts_observations(store: Store) -> None:
    store.upsert_finding(finding("abc"), {})
    assert store.finding("abc").seen == 1
    for seed in range(3):
        store.record_observation("abc", case(seed).id, seed)
    assert store.finding("abc").seen == 3


def test_later_knowledge_replaces_earlier_and_keeps_other_files(store: Store) -> None:
    store.upsert_finding(finding("abc"), {"testcase.json": b"{}", "original.json": b"{}"})
    store.upsert_finding(finding("abc", status="flaky", reproduced=2, of=3), {"testcase.json": b"[]"})
    (found,) = store.findings()
    assert (found.status, found.reproduced, found.of) == ("flaky", 2, 3)
    folder = store.finding_directory("abc")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "testcase.json": b"[]",
        "original.json": b"{}",
    }


def test_what_a_person_said_outlasts_the_engine(store: Store) -> None:
    store.upsert_finding(finding("abc", status="confirmed"), {})
    store.upsert_finding(finding("abd", status="confirmed"), {})
    assert store.mark("abc", "known", "https://example.org/1").link == "https://example.org/1"
    store.mark("abd", "fixed")
    for id_ in ("abc", "abd"):
        store.upsert_finding(finding(id_, status="confirmed"), {})
    assert (store.finding("abc").status, store.finding("abc").link) == ("known", "https://example.org/1")
    assert store.finding("abd").status == "confirmed"  # fixed, and seen again


def test_merged_findings_add_up_and_the_old_one_is_gone(store: Store) -> None:
    for id_ in ("new-1", "abc", "abd"):
        store.upsert_finding(finding(id_), {"report.md": ""})
        store.record_observation(id_, case(1).id, 0)
    store.merge_finding("new-1", "abc")
    assert [(f.id, f.seen) for f in store.findings()] == [("abc", 2), ("abd", 1)]
    assert sorted(path.name for path in (store.directory / "findings").iterdir()) == ["abc", "abd"]


def test_a_finding_is_named_by_a_beginning_that_is_its_own(store: Store) -> None:
    for id_ in ("abc1", "abd2"):
        store.upsert_finding(finding(id_), {})
    assert store.finding("abd").id == "abd2"
    with pytest.raises(InvalidInputError, match="several findings begin with this"):
        store.finding("ab")
    for unknown in ("x", ""):
        with pytest.raises(InvalidInputError, match=f"finding '{unknown}'.*tensorsmith findings"):
            store.finding(unknown)


def test_a_finding_file_must_have_a_plain_name(store: Store) -> None:
    with pytest.raises(ValueError, match="plain file name"):
        store.upsert_finding(finding("abc"), {"../report.md": ""})
    assert store.findings() == []


def test_other_directories_are_no_campaigns(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for directory in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InvalidInputError, match=r"not a campaign directory \(no campaign.toml\); make one with"):
            Store.open(directory)
    for use in (Store.open, lambda path: Store.create(path, Settings())):
        with pytest.raises(InvalidInputError, match=r"notes.txt: not a directory, so no campaign can be there"):
            use(tmp_path / "notes.txt")
    with pytest.raises(InvalidInputError, match=r"not empty and not a campaign \(it holds notes.txt\)"):
        Store.create(tmp_path, Settings())
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_campaign_is_not_made_twice(store: Store) -> None:
    with pytest.raises(InvalidInputError, match="a campaign already"):
        Store.create(store.directory, Settings())


def test_a_creation_that_was_interrupted_starts_over(store: Store) -> None:
    (store.directory / "campaign.toml").unlink()
    with Store.create(store.directory, Settings(seed=8)) as again:
        assert again.settings.seed == 8


def test_an_empty_database_file_is_called_that(store: Store) -> None:
    store.close()
    for path in store.directory.glob("store.sqlite*"):
        path.write_bytes(b"")
    with pytest.raises(StoreError, match=r"store\.sqlite: empty, so the campaign cannot be read"):
        Store.open(store.directory)


def test_a_store_of_another_version_says_so(store: Store) -> None:
    store._database.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(StoreError, match="written by another version of tensorsmith"):
        Store.open(store.directory)


def test_damaged_files_are_named(store: Store) -> None:
    id_ = store.put_case(case(1))
    blob = store.directory / "blobs" / id_[:2] / f"{id_}.json"
    blob.write_bytes(blob.read_bytes()[:40])
    with pytest.raises(InvalidInputError, match=f"{id_}.json: not a test case"):
        store.case(id_)
    store.close()
    (store.directory / "store.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match=r"store\.sqlite: cannot be read: file is not a database"):
        Store.open(store.directory)
    (store.directory / "store.sqlite").unlink()
    with pytest.raises(StoreError, match=r"store\.sqlite: missing"):
        Store.open(store.directory)


def test_a_finding_that_cannot_be_written_leaves_nothing(store: Store) -> None:
    shutil.rmtree(store.directory / "findings")
    (store.directory / "findings").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        store.upsert_finding(finding("abc"), {"report.md": "text"})
    assert store.findings() == []


def test_a_full_disk_is_one_line_and_leaves_no_half_of_a_finding(store: Store) -> None:
    # A limit on the size of files stands in for the disk's; the database's log is the first to reach it.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    stored = 0
    with pytest.raises(StoreError, match="cannot be written") as raised:  # noqa: PT012
        try:
            while stored < 1000:
                store.upsert_finding(finding(f"f{stored}", summary="x" * 1000), {"report.md": "text"})
                stored += 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert 3 < stored < 900
    assert "\n" not in str(raised.value)
    ids = {f"f{n}" for n in range(stored)}
    assert {f.id for f in store.findings()} == ids
    assert {path.name for path in (store.directory / "findings").iterdir()} == ids
    store.upsert_finding(finding("abc"), {"report.md": "text"})
    assert (store.finding_directory("abc") / "report.md").read_text() == "text"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_campaign_that_may_only_be_read_is_read(store: Store) -> None:
    store.add_counts({"tests": 3})
    store.close()
    store.directory.chmod(0o555)
    try:
        with Store.open(store.directory) as again:
            assert again.counts() == {"tests": 3}
            with pytest.raises(StoreError, match="cannot be written"):
                again.add_counts({"tests": 1})
    finally:
        store.directory.chmod(0o755)


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)


HOLD = """
import os, sys, time
from pathlib import Path
from tensorsmith.corpus.lock import only_engine
with only_engine(Path(sys.argv[1])):
    if os.fork() == 0:
        time.sleep(60)
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_engine_at_a_time_and_a_dead_one_lets_go(store: Store) -> None:
    other = python(HOLD, str(store.directory))
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with pytest.raises(StoreError, match=rf"another tensorsmith \(process {other.pid}\) runs this campaign"):  # noqa: SIM117
        with only_engine(store.directory):
            pass
    other.kill()  # its forked child lives on
    other.wait()
    with only_engine(store.directory):
        pass


WRITE = """
import sys
from pathlib import Path
from tensorsmith.corpus.findings import Finding
from tensorsmith.corpus.store import Store
store = Store.open(Path(sys.argv[1]))
for n in range(100_000):
    id_ = f"f{n:06}"
    store.add_counts({"tests": 1})
    store.upsert_finding(Finding(id_, {}, "crash", "inductor", "c", "o"), {"report.md": id_, "repro.py": id_})
    store.record_observation(id_, "c", n)
    print(n, flush=True)
"""


@pytest.mark.parametrize("delay", [0.013, 0.1, 0.25])
def test_kill_9_loses_nothing_that_was_recorded(store: Store, delay: float) -> None:
    store.close()
    writer = python(WRITE, str(store.directory))
    assert writer.stdout is not None
    first = writer.stdout.readline()
    time.sleep(delay)
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read().splitlines()
    writer.wait()
    recorded = int(([first, *rest])[-1])

    with Store.open(store.directory) as again:
        found = again.findings()
        # The one in flight may be there too.
        assert len(found) - (recorded + 1) in (0, 1)
        assert [f.id for f in found] == [f"f{n:06}" for n in range(len(found))]
        assert again.counts()["tests"] - (recorded + 1) in (0, 1)
        for item in found:
            folder = again.finding_directory(item.id)
            assert {path.name: path.read_text() for path in folder.iterdir()} == {
                "report.md": item.id,
                "repro.py": item.id,
            }
        again.upsert_finding(finding("f999999"), {})
        assert again.finding("f999999").id == "f999999"
