"""Which lines of a package are executed, each once or all of them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tensorsmith.fuzz.coverage.python.lines import PythonCoverage

FIRST = """\
def outer(x):
    if x > 0:
        x += 1

    def inner(y):
        return (
            y + x
        )
    return inner


kept = outer(0)


def loops(n):
    for i in range(n):
        n += i
    return n
"""
CACHED = """\
import functools


@functools.cache
def once(x):
    def inner(y):
        return x + y

    return inner(1)


class Holder:
    @functools.lru_cache
    def once(self, x):
        return x

    def often(self, x):
        return self.once(x)
"""
SECOND = """\
def late(x):
    return x * 2


def doubled(): return lambda x: (
    2 * x
)


short = lambda x: x + 1
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A package of which one module is imported, and one is not."""
    # Its rules are for files of torch only.
    importlib.import_module("torch._dynamo.trace_rules")
    folder = tmp_path_factory.mktemp("path")
    (folder / "watched" / "sub").mkdir(parents=True)
    (folder / "watched" / "__init__.py").write_text("")
    (folder / "watched" / "sub" / "__init__.py").write_text("")
    (folder / "watched" / "first.py").write_text(FIRST)
    (folder / "watched" / "sub" / "second.py").write_text(SECOND)
    (folder / "watched" / "caches.py").write_text(CACHED)
    sys.path.insert(0, str(folder))
    importlib.import_module("watched.caches")
    yield importlib.import_module("watched.first")
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def coverage(package: Any) -> PythonCoverage:
    made = PythonCoverage(("watched",))
    made.start()
    return made


def lines(*numbers: int, file: str = "watched/first.py") -> frozenset[str]:
    return frozenset(f"{file}:{number}" for number in numbers)


def test_a_line_is_new_once(coverage: PythonCoverage, package: Any) -> None:
    coverage.new()
    coverage.forget(lines(*range(20)))
    package.outer(0)
    assert coverage.new() == lines(2, 5, 9)
    package.outer(0)
    assert coverage.new() == frozenset()
    package.outer(1)(2)
    assert coverage.new() == lines(3, 6, 7)
    for _ in range(20):
        assert package.loops(5) == 15
    assert coverage.new() == lines(16, 17, 18)


def test_a_function_that_was_there_before_is_watched(coverage: PythonCoverage, package: Any) -> None:
    coverage.forget(lines(6, 7))
    coverage.new()
    package.kept(3)
    assert coverage.new() == lines(6, 7)


def test_what_is_forgotten_is_new_again(coverage: PythonCoverage, package: Any) -> None:
    package.loops(3)
    coverage.new()
    coverage.forget(lines(17))
    package.loops(3)
    assert coverage.new() == lines(17)


def test_a_full_set_has_all_lines_whatever_was_executed_before(coverage: PythonCoverage, package: Any) -> None:
    package.loops(3)
    coverage.new()
    assert coverage.full_set(lambda: package.loops(3)) == (6, lines(16, 17, 18))
    assert coverage.full_set(lambda: package.loops(0)) == (0, lines(16, 18))
    assert coverage.new() == frozenset()
    package.loops(3)
    assert coverage.new() == frozenset()


def test_what_a_full_set_is_first_to_execute_is_new(coverage: PythonCoverage, package: Any) -> None:
    coverage.new()
    coverage.forget(lines(16, 17, 18))
    package.loops(0)
    coverage.full_set(lambda: package.loops(2))
    assert coverage.new() == lines(16, 17, 18)


def test_a_module_that_is_imported_later_is_watched_but_for_its_import(coverage: PythonCoverage) -> None:
    coverage.new()
    module = importlib.import_module("watched.sub.second")
    assert module.late(4) == 8
    assert coverage.new() == lines(2, file="watched/sub/second.py")


def test_functions_on_one_line_are_watched(coverage: PythonCoverage) -> None:
    module = importlib.import_module("watched.sub.second")
    coverage.new()
    assert module.short(1) == 2
    assert coverage.new() == lines(10, file="watched/sub/second.py")
    double = module.doubled()
    assert coverage.new() == lines(5, file="watched/sub/second.py")
    assert double(4) == 8
    assert coverage.new() == lines(6, file="watched/sub/second.py")


def test_each_set_has_all_lines(coverage: PythonCoverage, package: Any) -> None:
    coverage.executed()
    package.loops(3)
    assert coverage.executed() == lines(16, 17, 18)
    package.loops(0)
    assert coverage.executed() == lines(16, 18)
    package.loops(3)
    assert coverage.executed() == lines(16, 17, 18)
    assert coverage.executed() == frozenset()


def test_functions_behind_a_cache_are_left_out(coverage: PythonCoverage) -> None:
    caches = sys.modules["watched.caches"]
    holder = caches.Holder()
    coverage.executed()
    assert [caches.once(1), caches.once(1), holder.often(2)] == [2, 2, 2]
    assert coverage.executed() == lines(18, file="watched/caches.py")


def test_lines_that_are_executed_sometimes_are_left_out(coverage: PythonCoverage, package: Any) -> None:
    coverage.new()
    steps = iter((0, 1, 0, 2, 2))
    assert coverage.learn_unstable(lambda: package.loops(next(steps))) == lines(17)
    assert coverage.full_set(lambda: package.loops(next(steps)))[1] == lines(16, 18)
    coverage.forget(lines(16, 17, 18))
    package.loops(next(steps))
    assert coverage.new() == lines(16, 18)
