"""Test cases of TIR: one encoding, read back as they were, refused with a clear line."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from tensorsmith.ir.cases import decode, encode, graph_case, load, operators_of, size_of
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.pipeline import Pipeline, Step
from tensorsmith.ir.tir import TirBuffer, TirProgram
from tensorsmith.ir.tir_case import TirCase, TirRecipe

# `A[0] = (A[0] + 1) // 2` in a loop that is unrolled, as TVM writes it, without what is never read.
NODES = [
    {"type": "None"},
    {"type": "ir.PrimType", "data": {"span": 0, "dtype": "int32"}},
    {"type": "ir.Var", "data": {"ty": 1, "name": 0}},
    {"type": "ir.IntImm", "data": {"ty": 1, "value": 1}},
    {"type": "prim.Add", "data": {"ty": 1, "a": 2, "b": 3}},
    {"type": "prim.FloorDiv", "data": {"ty": 1, "a": 4, "b": 3}},
    {"type": "ffi.Array", "data": [3]},
    {"type": "tirx.BufferStore", "data": {"buffer": 2, "value": 5, "indices": 6}},
    {"type": "tirx.For", "data": {"loop_var": 2, "min": 3, "extent": 3, "kind": 3, "body": 7}},
]
TEXT = json.dumps({"root_index": 8, "nodes": NODES, "limit": float("inf")})


def case_of(**changes: object) -> TirCase:
    program = TirProgram(TEXT, (TirBuffer("A", "int32", (1,), 0, 9),), script="for people")
    case = TirCase(program, "tvm-tir", TirRecipe((3, 4), 0.05), pipeline=Pipeline((Step("tirx.StmtSimplify"),)))
    return msgspec.structs.replace(case, **changes)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    case = case_of()
    path = tmp_path / "testcase.json"
    path.write_bytes(encode(case))
    read = load(path)
    assert isinstance(read, TirCase)
    assert encode(read) == encode(case)
    assert (read.id, read.recipe, read.pipeline, read.program.script) == (case.id, case.recipe, case.pipeline, "")
    assert json.loads(read.program.json) == json.loads(TEXT)


def test_white_space_does_not_change_the_identity() -> None:
    spread = TirProgram(json.dumps(json.loads(TEXT), indent=2), case_of().program.buffers)
    assert case_of(program=spread).id == case_of().id
    assert case_of(recipe=TirRecipe((5,))).id != case_of().id


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipe": {"seeds": [], "special": 0}}, "field `recipe.seeds`"),
        ({"recipe": {"seeds": [1], "special": 2}}, "field `recipe.special`"),
        ({"format": 7}, "reads format 1, the file has 7"),
        ({"program": {"json": "{", "buffers": [], "format": 1}}, "not JSON"),
        ({"target": 3}, "not a test case"),
    ],
)
def test_a_bad_file_is_one_clear_line(change: dict[str, object], said: str) -> None:
    data = json.dumps(json.loads(encode(case_of())) | change).encode()
    with pytest.raises(InvalidInputError, match=r"here\.json: ") as raised:
        decode(data, "here.json")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_constructs_are_read_without_tvm() -> None:
    assert operators_of(case_of()) == ("Add.int", "FloorDiv.int", "For.unrolled")
    assert size_of(case_of()) == 4


def test_a_graph_is_asked_for_by_name() -> None:
    with pytest.raises(InvalidInputError, match="a program of TIR where a graph"):
        graph_case(case_of())
