"""TVM's own library, as people install it."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tensorsmith.fuzz.coverage.native.analysis import Analysis, analyse
from tensorsmith.fuzz.coverage.native.elf import dynamic_symbols
from tensorsmith.fuzz.coverage.native.libraries import find_library
from tensorsmith.ir.errors import InvalidInputError


@pytest.fixture
def compiler(own_cache: Path) -> Analysis:
    return analyse(find_library("tvm"))


def test_owners_agree_with_symbols_files_and_handlers(compiler: Analysis) -> None:
    functions = compiler.functions
    row_of = {int(start): row for row, start in enumerate(functions.start)}
    rows = [row_of[at] for name, at in dynamic_symbols(compiler.library) if name.startswith("_ZN3tvm") and at in row_of]
    own, cold = compiler.owned_by("own"), compiler.owned_by("cold")
    assert len(rows) > 1000
    assert np.isin(rows, np.concatenate([own, cold])).all()
    assert np.isin(rows, own).mean() > 0.99
    assert functions.handles_exceptions[compiler.owned_by("llvm")].mean() < 0.001
    assert functions.handles_exceptions[own].mean() > 0.5
    files = Counter(compiler.file_of(int(row)) for row in compiler.owned_by("z3"))
    assert all("/z3-build/" in file for file in files if file is not None)
    assert not any("/z3-build/" in (compiler.file_of(int(row)) or "") for row in own)
    assert 30_000 < len(own) < 60_000


def test_a_pass_reaches_functions_of_its_own_file(own_cache: Path, tmp_path: Path) -> None:
    code = """
import tvm
from random import Random
from tensorsmith.fuzz.coverage.native.libraries import find_library
from tensorsmith.fuzz.coverage.native.observer import NativeCoverage
from tensorsmith.generators.tir.func import random_function
from tensorsmith.targets.tvm import adapter

def run(name):
    adapter.in_sequence(getattr(tvm.tirx.transform, name)())(module)
    return {c.analysis.file_of(int(c.blocks.function[hit])) or "" for hit in c.new_hits()}

module = adapter.module(random_function(Random(0))[0])
c = NativeCoverage.arm(find_library("tvm"), "function")
for name, file in ("VectorizeLoop", "vectorize_loop.cc"), ("UnrollLoop", "unroll_loop.cc"):
    print(any(path.endswith(file) for path in run(name)), len(c.new_hits()))
print(run("VectorizeLoop"))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["True 0", "True 0", "set()"]


def test_a_library_that_is_not_known_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="gcc: no such library: a path, or one of tvm, onnxruntime"):
        find_library("gcc")
