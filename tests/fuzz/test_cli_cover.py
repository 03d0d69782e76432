"""`cover` and `corpus distill`: what a real campaign covered, and made ones where that says more."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pyroaring import BitMap

from tensorsmith.corpus.coverage import Reached
from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.ir.testcase import TestCase
from tests.fuzz.conftest import run_on
from tests.fuzz.test_recall import AGAIN, pretend, sets_of


@pytest.fixture
def lines(tmp_path: Path, good_case: TestCase, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign whose observers saw lines of Python code and words; what it covered is installed."""
    package = tmp_path / "site" / "toycompiler"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "fold.py").write_text("def fold(x):\n    if x:\n        return 1\n    return 2\n")
    monkeypatch.syspath_prepend(package.parent)
    directory = tmp_path / "lines"
    other = msgspec.structs.replace(good_case, target="eager")
    names = {0: "toycompiler/fold.py:2", 1: "toycompiler/fold.py:3", 2: "toycompiler/fold.py:4"}
    with Store.create(directory, Settings(targets=("aot_eager",))) as store:
        store.add_to_corpus(good_case, "first")
        store.add_to_corpus(other, "second")
        first, second = BitMap([0, 1]), BitMap([2])
        passes = Reached("passes", BitMap([0]), BitMap([0]), {0: "fired Fold"})
        store.coverage.add(
            good_case.id, 1.0, [Reached("python-lines", first, first, {n: names[n] for n in first}), passes]
        )
        store.coverage.add(
            other.id, 1.0, [Reached("python-lines", second, BitMap([0, 2]), {n: names[n] for n in second})]
        )
    return directory


def test_lines_of_python_code_are_written_as_they_are_known(run: Any, lines: Path, tmp_path: Path) -> None:
    ran = run("cover", lines, "--lcov", tmp_path / "out.info", "--json", tmp_path / "out.json")
    assert ran.code == 0, ran.err
    assert "python-lines: lines 3" in ran.out
    file = tmp_path / "site" / "toycompiler" / "fold.py"
    assert (tmp_path / "out.info").read_text() == (
        f"TN:\nSF:{file}\nDA:2,2\nDA:3,1\nDA:4,1\nLF:3\nLH:3\nend_of_record\n"
    )
    passes, python = json.loads((tmp_path / "out.json").read_text())
    assert passes["groups"][0]["reached"] == [{"name": "fired Fold", "parts": {"reached": 1, "total": None}}]
    assert python["groups"][0]["name"] == "toycompiler/fold.py"


def test_coverage_py_reads_what_is_written_for_it(run: Any, lines: Path, tmp_path: Path) -> None:
    library = pytest.importorskip("coverage")
    ran = run("cover", lines, "--data", tmp_path / "data", "--html", tmp_path / "html")
    assert ran.code == 0, ran.err
    data = library.CoverageData(basename=str(tmp_path / "data"))
    data.read()
    file = str(tmp_path / "site" / "toycompiler" / "fold.py")
    assert {name: sorted(data.lines(name)) for name in data.measured_files()} == {file: [2, 3, 4]}
    assert "fold.py" in (tmp_path / "html" / "index.html").read_text()


def test_the_first_test_is_named(run: Any, lines: Path, good_case: TestCase) -> None:
    (first,) = json.loads(run("cover", lines, "--owner", "fold.py", "--json", "-").out)
    assert (first["place"], first["test"], first["others"]) == ("toycompiler/fold.py", good_case.id, 1)
    assert Path(first["path"]).read_bytes()
    (line,) = json.loads(run("cover", lines, "--owner", "fold.py:4", "--json", "-").out)
    assert line["test"] != good_case.id
    ran = run("cover", lines, "--owner", "fired Fold")
    assert good_case.id in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ("cover {empty}", 2, "not a campaign directory"),
        ("cover {bare}", 2, "has no coverage: no test has passed yet, or it ran with --no-coverage"),
        ("corpus distill {bare} --out {empty}", 2, "its corpus is empty"),
        ("corpus distill {lines} --out {lines}", 2, "not an empty directory"),
        ("corpus distill {lines} --out {empty} --observer blocks", 2, "the campaign has passes, python-lines"),
        ("cover {lines} --owner nosuch.cc", 2, "nosuch.cc: no source file, function or feature of that name"),
        ("cover {lines} --owner a --diff {lines}", 2, "give one of them"),
        ("cover {lines} --owner a --lcov {empty}/x", 2, "leave --owner and --diff out"),
        ("cover {lines} --diff {empty}", 2, "not a campaign directory"),
        ("cover {lines} --lcov {empty}/no/x", 2, "cannot be written: No such file"),
        ("cover {words} --data {empty}/x", 2, "no observer of this campaign saw lines of Python code"),
        ("cover {words} --lcov {empty}/x", 3, "neither C.. functions nor Python lines that can be read here"),
        ("cover {lines} --data {empty}/x", 3, r"is not installed: pip install 'tensorsmith\[coverage\]'"),
    ],
)
def test_one_line(
    run: Any,
    lines: Path,
    campaign: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    code: int,
    complaint: str,
) -> None:
    (tmp_path / "empty").mkdir()
    Store.create(tmp_path / "bare", Settings()).close()
    if code == 3:
        monkeypatch.setitem(sys.modules, "coverage", None)
    ran = run(*arguments.format(empty=tmp_path / "empty", bare=tmp_path / "bare", lines=lines, words=campaign).split())
    assert (ran.code, ran.out) == (code, "")
    (line,) = ran.err.splitlines()
    assert line.startswith("error: ")
    assert re.search(complaint, line), line


def test_lines_of_another_version_are_not_shown(run: Any, lines: Path, tmp_path: Path) -> None:
    with Store.open(lines) as store:
        store.coverage.set_builds({"python-lines": "numpy 0.1"})
    ran = run("cover", lines)
    assert ran.code == 0
    assert "python-lines: lines of numpy 0.1, and " in ran.out
    assert run("cover", lines, "--lcov", tmp_path / "x").code == 3


def test_what_only_one_campaign_reached_is_told_by_name(
    run: Any, lines: Path, tmp_path: Path, good_case: TestCase
) -> None:
    other = tmp_path / "other"
    with Store.create(other, Settings(targets=("aot_eager",))) as store:
        store.add_to_corpus(good_case, "first")
        every = BitMap([0, 1])
        names = {0: "toycompiler/fold.py:9", 1: "toycompiler/fold.py:4"}
        store.coverage.add(good_case.id, 1.0, [Reached("python-lines", every, every, names)])
    passes, python = json.loads(run("cover", lines, "--diff", other, "--json", "-").out)
    assert passes["notice"] == "only the first campaign has this observer"
    assert (python["here"], python["there"], python["both"]) == (2, 1, 1)
    (group,) = python["groups"]
    assert group["here"] == {"items": ["2", "3"], "parts": 2}
    assert group["there"] == {"items": ["9"], "parts": 1}


@pytest.mark.slow
def test_a_campaign_over_tvm_is_shown_by_source_file(run: Any, tir_campaign: Path, tmp_path: Path) -> None:
    ran = run("cover", tir_campaign, "--lcov", tmp_path / "out.info", "--json", tmp_path / "out.json")
    assert ran.code == 0, ran.err
    native, *_, passes = json.loads((tmp_path / "out.json").read_text())
    assert native["observer"].startswith("libtvm_compiler.so blocks ")
    assert 0 < native["total"]["reached"] < native["total"]["total"]
    assert native["items"]["reached"] == sum(group["items"]["reached"] for group in native["groups"])
    assert native["total"]["reached"] == sum(group["parts"]["reached"] for group in native["groups"])
    of = {group["name"]: group for group in native["groups"]}
    (rewrite,) = [group for name, group in of.items() if name.endswith("/rewrite_simplify.cc")]
    assert rewrite["name"] in ran.out
    assert rewrite["items"]["reached"] == len(rewrite["reached"])
    assert "passes that changed the program" in {group["name"] for group in passes["groups"]}

    written = (tmp_path / "out.info").read_text()
    records = {text.partition("\n")[0]: text for text in written.split("TN:\nSF:")[1:]}
    assert {name for name in records if not name.endswith(".py")} == {name for name in of if name.startswith("/")}
    record = records[rewrite["name"]].splitlines()
    assert f"FNF:{rewrite['items']['total']}" in record
    assert f"FNH:{rewrite['items']['reached']}" in record
    hit = {line.split(",", 1)[1] for line in record if line.startswith("FNDA:") and not line.startswith("FNDA:0,")}
    assert hit == {item["name"].replace(",", ";") for item in rewrite["reached"]}
    assert all(line.count(",") == 1 for line in record if line.startswith("FNDA:"))
    # No line of it is known.
    assert not any(line.startswith(("DA:", "LF:", "LH:")) for line in record)
    assert all(line.startswith("FN:0,") for line in record if line.startswith("FN:"))


@pytest.mark.slow
def test_the_first_test_at_a_file_of_tvm_is_the_first_that_was_kept(run: Any, tir_campaign: Path) -> None:
    (first,) = json.loads(run("cover", tir_campaign, "--owner", "rewrite_simplify.cc", "--json", "-").out)
    with Store.open(tir_campaign) as store:
        order = [entry.id for entry in store.corpus()]
        assert store.case(first["test"]).target == "tvm-tir"
        reaching = [id_ for name, id_, _ in store.coverage.firsts() if name.startswith("libtvm")]
    assert order.index(first["test"]) <= 2
    assert first["test"] in reaching
    ran = run("cover", tir_campaign, "--owner", "codegen_cuda.cc")
    assert "no test reached /project/src/" in ran.out or "codegen_cuda.cc" in ran.out


@pytest.mark.slow
def test_another_build_of_tvm_is_not_read_with_this_one(run: Any, tir_campaign: Path, tmp_path: Path) -> None:
    directory = tmp_path / "campaign"
    shutil.copytree(tir_campaign, directory)
    pretend(directory, "UPDATE builds SET build = 'another' WHERE observer LIKE 'libtvm%'")
    ran = run("cover", directory)
    assert ran.code == 0
    assert "of another build than libtvm_compiler.so that is installed" in ran.out
    assert "rewrite_simplify.cc" not in ran.out
    ran = run("cover", directory, "--lcov", tmp_path / "x")
    assert (ran.code, ran.out) == (3, "")
    assert "of another build than" in ran.err
    ran = run("cover", directory, "--owner", "rewrite_simplify.cc")
    assert ran.code == 3


@pytest.mark.slow
def test_a_campaign_that_went_on_reached_more_and_distills_to_the_same(
    run: Any, tir_campaign: Path, tmp_path: Path
) -> None:
    longer = tmp_path / "longer"
    shutil.copytree(tir_campaign, longer)
    assert not any(AGAIN in line for line in run_on(longer, 32))  # maps of the same build are restored
    assert sets_of(longer).items() >= sets_of(tir_campaign).items()
    differences = json.loads(run("cover", tir_campaign, "--diff", longer, "--json", "-").out)
    assert not any(one["here"] for one in differences)
    assert all(one["there"] > 0 for one in differences)
    native = differences[0]
    assert sum(group["there"]["parts"] for group in native["groups"]) == native["there"]

    done = json.loads(run("corpus", "distill", longer, "--out", tmp_path / "all", "--json").out)
    with Store.open(longer) as store:
        assert done["features"] == store.coverage.counts()
        reached: dict[str, BitMap] = {}
        for observer, id_, every in store.coverage.sets():
            if (tmp_path / "all" / f"{id_}.json").exists():
                reached.setdefault(observer, BitMap()).update(every)
        assert reached == {observer: store.coverage.covered(observer) for observer in store.coverage.observers()}
    assert done["tests"] == len(list((tmp_path / "all").iterdir())) <= done["of"]
    assert done["seconds"] <= done["of_seconds"]

    few = json.loads(
        run("corpus", "distill", longer, "--observer", "tir-passes", "--out", tmp_path / "few", "--json").out
    )
    assert 0 < few["tests"] < done["tests"]
    ran = run("replay", tmp_path / "few", "--json")
    assert ran.code == 0, ran.out + ran.err
    assert {one["status"] for one in json.loads(ran.out)} == {"passes"}
    run("corpus", "distill", longer, "--observer", "tir-passes", "--out", tmp_path / "again")
    begun = tmp_path / "begun"
    ran = run("fuzz", begun, "--target", "tvm-tir", "--tests", 1, "--workers", 1, "--seeds", tmp_path / "few")
    assert f"{AGAIN} {few['tests']} tests" in ran.out
    with Store.open(longer) as store, Store.open(begun) as other:
        assert {entry.id for entry in other.corpus()} >= {path.stem for path in (tmp_path / "few").iterdir()}
        assert other.coverage.numbers("tir-passes").keys() >= store.coverage.numbers("tir-passes").keys()
        assert other.coverage.counts()["tir-constructs"] > 0
    assert {p.name for p in (tmp_path / "few").iterdir()} == {p.name for p in (tmp_path / "again").iterdir()}
