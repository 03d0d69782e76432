"""Probes in bytecode change nothing that a program can see, but for the lines that they mark."""

from __future__ import annotations

import ast
import asyncio
import dis
import inspect
import sys
import textwrap
import traceback
import typing
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

import pytest

from tensorsmith.fuzz.coverage.python.splice import Marks, Probe, bytecode_address, line_places, with_probes

pytestmark = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other versions of Python need no probes")


def probed(code: CodeType) -> tuple[CodeType, list[int], Marks]:
    places = list(line_places(code))
    marks = Marks(len(places))
    new, addresses = with_probes(code, [Probe(at, mark) for mark, (at, _) in enumerate(places)], marks, {})
    return new, addresses, marks


def all_code(module: ModuleType) -> Iterator[CodeType]:
    waiting = [compile(inspect.getsource(module), "source", "exec")]
    while waiting:
        code = waiting.pop()
        yield code
        waiting += [one for one in code.co_consts if isinstance(one, CodeType)]


class Shown(typing.NamedTuple):
    """An instruction, with the position of what it jumps to among the instructions."""

    name: str
    arg: Any
    line: int | None


def shown(code: CodeType, probes: set[int]) -> tuple[list[Shown], dict[int, int]]:
    """The instructions besides probes, and which one each offset, of a probe too, leads to."""
    plain: list[dis.Instruction] = []
    leads: dict[int, int] = {}
    end = 0
    for one in dis.get_instructions(code):
        if one.offset in probes:
            end = one.offset + 2 + 2 * code.co_code[one.offset + 1]
        leads[one.offset] = len(plain)
        if one.offset >= end and one.opname != "EXTENDED_ARG":
            plain.append(one)
        elif one.offset < end:
            assert _line(one) is None
    leads[len(code.co_code)] = len(plain)
    jumps = frozenset(dis.hasjrel)
    instructions = [
        Shown(one.opname, leads[one.argval] if one.opcode in jumps else one.arg, _line(one)) for one in plain
    ]
    return instructions, leads


def _line(one: dis.Instruction) -> int | None:
    return None if one.positions is None else one.positions.lineno


def handlers(code: CodeType, leads: dict[int, int]) -> list[tuple[Any, ...]]:
    table: Any = dis
    return [
        (leads[one.start], leads[one.end], leads[one.target], one.depth, one.lasti)
        for one in table._parse_exception_table(code)
    ]


@pytest.mark.parametrize("module", [ast, asyncio.base_events, inspect, textwrap, traceback, typing], ids=str)
def test_instructions_jumps_handlers_and_lines_are_as_without(module: ModuleType) -> None:
    checked = 0
    for code in all_code(module):
        new, addresses, _ = probed(code)
        starts = {address - bytecode_address(new) for address in addresses}
        before, leads_before = shown(code, set())
        after, leads_after = shown(new, starts)
        assert after == before, code
        assert handlers(new, leads_after) == handlers(code, leads_before), code
        checked += len(starts)
    assert checked > 100


def many_ways(n: int) -> list[Any]:
    seen: list[Any] = []
    for i in range(n):
        try:
            if i % 3 == 0:
                raise ValueError(i)
            seen.append(i)
        except ValueError as error:
            seen.append(str(error))
        finally:
            seen.append(None)
    while n:
        n -= 1
        if n == 2:
            continue
        seen.append(
            {
                "a": n,
                "b": [x for x in range(n) if x % 2],
            }
        )

    def generated() -> Iterator[int]:
        yield from (x for x in (1, 2))
        yield 3

    seen += generated()
    match seen:
        case [first, *_]:
            seen.append(first)
    return seen


MANY_WAYS = cast("FunctionType", many_ways)


async def waited(n: int) -> int:
    total = 0
    for i in range(n):
        await asyncio.sleep(0)
        total += i
    return total


def copied(function: FunctionType, code: CodeType) -> FunctionType:
    return FunctionType(code, function.__globals__)


def deep(code: CodeType) -> tuple[CodeType, dict[int, tuple[Marks, list[int]]]]:
    """The code with probes, within what it defines, too; and the marks with their lines, by identity of the marks."""
    nested: dict[int, CodeType] = {}
    every: dict[int, tuple[Marks, list[int]]] = {}
    for at, one in enumerate(code.co_consts):
        if isinstance(one, CodeType):
            nested[at], inner = deep(one)
            every |= inner
    places = list(line_places(code))
    marks = Marks(len(places))
    new, _ = with_probes(code, [Probe(at, mark) for mark, (at, _) in enumerate(places)], marks, nested)
    return new, every | {id(marks): (marks, [line for _, line in places])}


def test_a_function_does_what_it_did_and_marks_its_lines_once() -> None:
    code, every = deep(MANY_WAYS.__code__)
    function = copied(MANY_WAYS, code)
    assert function(7) == MANY_WAYS(7)
    for marks, lines in every.values():
        assert {line for mark, line in zip(marks, lines, strict=True) if mark} == set(lines)
        marks[:] = bytes(len(marks))
    # Often enough for the interpreter to specialize the code.
    for _ in range(50):
        assert function(7) == MANY_WAYS(7)
    assert sum(map(sum, (marks for marks, _ in every.values()))) == 0
    assert asyncio.run(copied(cast("FunctionType", waited), deep(waited.__code__)[0])(4)) == 6


def test_jumps_over_more_than_they_could_before() -> None:
    body = "\n".join(f"        total += x * {number}\n        x = total % 1009" for number in range(2000))
    head = "def long(n):\n    total, x = 0, 1\n    for i in range(n):\n        if i == 1:\n            continue"
    namespace: dict[str, Any] = {}
    exec(f"{head}\n{body}\n    return total", namespace)
    long = namespace["long"]
    expected = long(5)
    code, _, marks = probed(long.__code__)
    assert copied(long, code)(5) == expected
    assert sum(marks) == len(marks)


def test_errors_name_the_lines_of_the_source() -> None:
    def fails(x: int) -> float:
        y = 0

        return x / (
            y
        )  # fmt: skip

    lines = []
    stock = cast("FunctionType", fails)
    for function in (stock, copied(stock, probed(stock.__code__)[0])):
        with pytest.raises(ZeroDivisionError) as caught:
            function(1)
        lines.append(traceback.extract_tb(caught.value.__traceback__)[-1].lineno)
    assert lines[0] == lines[1] is not None


def test_code_with_probes_hashes_and_compares() -> None:
    code, _, _ = probed(many_ways.__code__)
    assert {code: 1}[code] == 1
    assert code != many_ways.__code__
