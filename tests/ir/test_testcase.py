"""Files that are no test cases: one line that names the file and the field."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.graph import Ref, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase, decode, encode, load


def example() -> TestCase:
    builder = GraphBuilder()
    x = builder.input(TensorType("f32", (4,)))
    view = builder.input(TensorType("f32", (2,), (2,)), shares=x)
    (y,) = builder.call("aten.add.Tensor", (Ref(view), Ref(view)), (("alpha", 2),))
    return TestCase(builder.build([y]), InputRecipe((Drawn("normal", 1), Drawn("zeros", 2))), "inductor")


def test_identity_is_stable_between_versions() -> None:
    # Findings are named after it: a change here needs a new format number.
    assert example().id == "1959d3ae3a226bd1"


def damage(change: Callable[[Any], object]) -> bytes:
    data = json.loads(encode(example()))
    change(data)
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (encode(example())[:-20], "not a test case: Input data was truncated"),
        (b"\xff\xfe", "not a test case"),
        (b'{"target": "\xff"}', "not a test case"),
        (damage(lambda d: d.pop("target")), "missing required field `target`"),
        (damage(lambda d: d["graph"]["nodes"][0].pop("op")), r"missing required field `op` - at `\$.graph.nodes"),
        (
            damage(lambda d: d["graph"]["inputs"][0]["type"].update(dtype="f33")),
            r"Invalid enum value 'f33' - at `\$.graph.inputs",
        ),
        (damage(lambda d: d.update(format=99)), "field `format`: this tensorsmith reads format 1, the file has 99"),
        (damage(lambda d: (d.update(format=99), d.pop("graph"))), "field `format`: .* the file has 99"),
        (damage(lambda d: d["graph"].update(outputs=[9])), "output %9 is not defined"),
        (damage(lambda d: d["graph"].update(outputs=[])), "field `graph.outputs`"),
        (damage(lambda d: d["graph"]["nodes"][0]["args"][0].update(id=9)), r"aten\.add\.Tensor reads %9"),
        (damage(lambda d: d["graph"]["nodes"][0].update(results=[0])), "%0 is defined twice"),
        (damage(lambda d: d["graph"]["nodes"][0].update(results=[2, 3])), "2 results and 1 types"),
        (damage(lambda d: d["graph"]["inputs"][1].update(id=0)), "%0 is defined twice"),
        (damage(lambda d: d["graph"]["inputs"][1].update(shares=5)), "%1 shares the storage of %5"),
        (damage(lambda d: d["graph"]["inputs"][1]["type"].update(stride=[1, 1])), "%1 has 1 dimensions and 2 strides"),
        (damage(lambda d: d["graph"]["inputs"][0]["type"].update(shape=[-4])), "%0 has a negative size"),
        (damage(lambda d: d["recipe"]["inputs"].pop()), "field `recipe.inputs`: 1 recipes for 2 inputs"),
    ],
)
def test_bad_file_is_one_line_that_names_file_and_field(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(data)
    with pytest.raises(InvalidInputError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"none\.json: cannot be read: No such file"):
        load(tmp_path / "none.json")


def test_view_of_a_view_is_rejected_with_the_remedy() -> None:
    def chain(data: Any) -> None:
        third = {"id": 7, "type": {"dtype": "f32", "shape": [1], "stride": [], "offset": 0}, "shares": 1}
        data["graph"]["inputs"].append(third)

    with pytest.raises(InvalidInputError, match="itself a view: name %0 instead"):
        decode(damage(chain))
