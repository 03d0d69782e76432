"""Whose code a function is, by libraries that are linked together from code of several owners."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tensorsmith.fuzz.coverage.native.analysis import Analysis, analyse
from tensorsmith.fuzz.coverage.native.elf import dynamic_symbols

COUNT = 250
PLAIN = 650
HEAD = "struct Guard { ~Guard(); };\nint use(int, const char *);\n"
CPP = "".join(
    f"""
#line 1 "/build/{{0}}/part{number}.cc"
extern "C" int {{1}}_{number}(int value) {{{{
    Guard guard;
    return use(value, __FILE__) + {number};
}}}}"""
    for number in range(COUNT)
)
C = "".join(f"int plain_{number}(int value) {{ return value * {number} + 1; }}\n" for number in range(PLAIN))
SOURCES = {
    "own.cc": HEAD + CPP.format("src", "own"),
    "plain.c": C,
    "zip.cc": HEAD + CPP.format("third_party/zip", "zip"),
}


def linked(folder: Path, names: list[str]) -> Analysis:
    for name in names:
        (folder / name).write_text(SOURCES[name])
        compiler = "gcc" if name.endswith(".c") else "g++"
        subprocess.run([compiler, "-c", "-O2", "-fPIC", name], cwd=folder, check=True)
    objects = [str(Path(name).with_suffix(".o")) for name in names]
    subprocess.run(["g++", "-shared", "-s", "-o", "linked.so", *objects], cwd=folder, check=True)
    return analyse(folder / "linked.so")


def share(analysis: Analysis, prefix: str, owner: str) -> float:
    """The share of the functions whose names begin so that are of an owner."""
    starts = [address for name, address in dynamic_symbols(analysis.library) if name.startswith(prefix)]
    assert len(starts) in (COUNT, PLAIN)
    return float(np.isin(starts, analysis.functions.start[analysis.owned_by(owner)]).mean())


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analysis]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield linked(tmp_path_factory.mktemp("mixed"), ["own.cc", "plain.c", "zip.cc"])


def test_each_owner_has_its_run_of_neighbours(mixed: Analysis) -> None:
    assert share(mixed, "own_", "own") > 0.99
    assert share(mixed, "plain_", "no-exceptions") > 0.99
    assert share(mixed, "zip_", "third-party") > 0.99


def test_parts_that_were_moved_out_of_the_way_are_cold(mixed: Analysis) -> None:
    cold = mixed.functions.start[mixed.owned_by("cold")]
    assert len(cold) > 100
    named = {address for _, address in dynamic_symbols(mixed.library)}
    assert not named & set(cold.tolist())
    assert cold.max() < min(named)


def test_source_files_are_those_of_the_functions(mixed: Analysis) -> None:
    name_of = {address: name for name, address in dynamic_symbols(mixed.library)}
    named = [(name_of.get(int(start), ""), mixed.file_of(row)) for row, start in enumerate(mixed.functions.start)]
    own = [(name, file) for name, file in named if name.startswith("own_")]
    assert own == [(name, f"/build/src/part{name.removeprefix('own_')}.cc") for name, _ in own]


def test_a_library_of_c_alone_is_its_own(tmp_path: Path, own_cache: Path) -> None:
    assert share(linked(tmp_path, ["plain.c"]), "plain_", "own") == 1.0
