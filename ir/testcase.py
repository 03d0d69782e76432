"""The test case of a graph: program x pipeline x input recipe x target, and its one encoding."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from tensorsmith.ir.encoding import check_format, format_of
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.graph import Graph, canonical, refs
from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.ir.recipe import InputRecipe

FORMAT = 1

Device = Literal["cpu", "cuda"]


class TestCase(msgspec.Struct, frozen=True, tag="graph", tag_field="is"):
    """One test of a graph, immutable. `format` is the version of this encoding."""

    __test__ = False  # so that pytest does not take it for a class of tests

    graph: Graph
    recipe: InputRecipe
    target: str
    device: Device = "cpu"
    pipeline: Pipeline = Pipeline()
    format: int = FORMAT

    @property
    def id(self) -> str:
        """Identity: the first 16 hex digits of the SHA-256 of the canonical encoding."""
        return hashlib.sha256(encode(self)).hexdigest()[:16]


_decoder = msgspec.json.Decoder(TestCase)
_encoder = msgspec.json.Encoder(order="sorted")


def encode(case: TestCase) -> bytes:
    """The canonical encoding: JSON, keys sorted, values of the graph renumbered in order of definition."""
    # As a dict: the tag that tells it from other kinds of cases in messages is not part of a file.
    fields = msgspec.structs.asdict(case) | {"graph": canonical(case.graph)}
    return _encoder.encode(fields)


def decode(data: bytes, source: str = "test case") -> TestCase:
    """Read an encoded test case; `source` names it in errors.

    Raises:
        InvalidInputError: not JSON, a missing or mistyped field, an unknown format, or ids that do not fit together.
    """
    try:
        case = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # A file of another format may fail on any field; the format is then what the user must hear of.
        check_format(format_of(data), FORMAT, source)
        raise InvalidInputError(f"{source}: not a test case: {error}") from error
    check_format(case.format, FORMAT, source)
    problem = structural_problem(case.graph)
    if problem is None and len(case.recipe.inputs) != len(case.graph.inputs):
        problem = f"field `recipe.inputs`: {len(case.recipe.inputs)} recipes for {len(case.graph.inputs)} inputs"
    if problem is not None:
        raise InvalidInputError(f"{source}: {problem}")
    return case


def load(path: Path) -> TestCase:
    """Read a test-case file.

    Raises:
        InvalidInputError: the file cannot be read, or is not a test case.
    """
    return decode(read(path), str(path))


def read(path: Path) -> bytes:
    """The bytes of a file that the user named.

    Raises:
        InvalidInputError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path}: cannot be read: {error.strerror}") from error


def structural_problem(graph: Graph) -> str | None:
    """What is wrong with the ids of a graph, in words, or None: each defined once, before use; results match types."""
    defined: set[int] = set()
    for id_ in (*(i.id for i in graph.inputs), *(c.id for c in graph.constants)):
        if id_ in defined:
            return f"value %{id_} is defined twice"
        defined.add(id_)
    for position, item in enumerate(graph.inputs):
        if item.shares is not None:
            sharer = next((i for i in graph.inputs[:position] if i.id == item.shares), None)
            if sharer is None:
                return f"input %{item.id} shares the storage of %{item.shares}, which is not an input before it"
            if sharer.shares is not None:
                return f"input %{item.id} shares %{item.shares}, itself a view: name %{sharer.shares} instead"
    for node in graph.nodes:
        for ref in refs(node):
            if ref not in defined:
                return f"{node.op} reads %{ref}, which is not defined before it"
        if len(node.results) != len(node.types):
            return f"{node.op} has {len(node.results)} results and {len(node.types)} types"
        for result in node.results:
            if result in defined:
                return f"value %{result} is defined twice"
            defined.add(result)
    for id_, type_ in graph.types().items():
        if len(type_.strides) != len(type_.shape):
            return f"value %{id_} has {len(type_.shape)} dimensions and {len(type_.stride)} strides"
        if min((*type_.shape, *type_.strides, type_.offset)) < 0:
            return f"value %{id_} has a negative size, stride or offset"
    if not graph.outputs:
        return "field `graph.outputs`: a graph must return at least one value"
    for output in graph.outputs:
        if output not in defined:
            return f"output %{output} is not defined"
    return None
