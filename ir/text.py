"""The text form of a graph: one line for each input, constant and call; people read and edit it, and it round-trips.

    inputs:
      %0: f32[4, 8]
      %1: f32[8] stride (4) offset 2 shares %0
    constants:
      %2: f32[8] = drawn("normal", seed=5)
    nodes:
      %3: f32[4, 8] = aten.add.Tensor(%0, %2, alpha=2)
      %4: f32[4], %5: i64[4] = aten.max.dim(%3, 1, False)
    outputs: %4, %5

`#` starts a comment. No stride means contiguous.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import NoReturn, TypeVar, cast

from tensorsmith.ir.dtypes import DTYPES, DType
from tensorsmith.ir.errors import GraphError, InvalidInputError
from tensorsmith.ir.graph import (
    Arg,
    Atom,
    Constant,
    DTypeArg,
    Graph,
    Input,
    Node,
    Ref,
    SpecialFloat,
    Symbol,
    TensorType,
    tensor_type,
)
from tensorsmith.ir.operators import operator
from tensorsmith.ir.recipe import VALUE_CLASSES, Drawn, Literals, Values
from tensorsmith.ir.testcase import TestCase, structural_problem
from tensorsmith.ir.torch_args import DEVICE

_T = TypeVar("_T")

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<special>-inf\b|inf\b|nan\b)
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<value>%\d+)
    | (?P<name>[A-Za-z_][\w.]*)
    | (?P<mark>[()\[\],=:])
    | (?P<end>\#.*|$)
    )""",
    re.VERBOSE,
)
_WORDS: dict[str, Atom] = {"True": True, "False": False, "None": None, "device": DEVICE}


def format_graph(graph: Graph) -> str:
    """The text form, without a newline at the end.

    Raises:
        GraphError: the graph has sub-graphs, which have no text form.
    """
    if graph.subgraphs or any(node.subgraphs for node in graph.nodes):
        raise GraphError("a graph with sub-graphs has no text form")
    lines = []
    if graph.inputs:
        lines.append("inputs:")
        for item in graph.inputs:
            shares = "" if item.shares is None else f" shares %{item.shares}"
            lines.append(f"  %{item.id}: {format_type(item.type)}{shares}")
    if graph.constants:
        lines.append("constants:")
        lines += [f"  %{c.id}: {format_type(c.type)} = {format_values(c.values)}" for c in graph.constants]
    if graph.nodes:
        lines.append("nodes:")
        lines += [f"  {format_node(node)}" for node in graph.nodes]
    lines.append("outputs: " + ", ".join(f"%{id_}" for id_ in graph.outputs))
    return "\n".join(lines)


def format_case(case: TestCase) -> str:
    """A whole test case for people to read; there is no way back from it."""
    lines = [f"test case {case.id} for {case.target} on {case.device}"]
    if case.pipeline.steps:
        lines.append("pipeline:")
        for step in case.pipeline.steps:
            parameters = ", ".join(f"{name}={value!r}" for name, value in step.parameters)
            lines.append(f"  {step.name}({parameters})")
    else:
        lines.append("pipeline: the compiler's default")
    lines.append(format_graph(case.graph))
    lines.append("input values:")
    for item, values in zip(case.graph.inputs, case.recipe.inputs, strict=True):
        lines.append(f"  %{item.id} = {format_values(values)}")
    return "\n".join(lines)


def format_type(type_: TensorType) -> str:
    """A type as `f32[4, 8] stride (1, 4) offset 2`; contiguous strides and a zero offset are left out."""
    text = f"{type_.dtype}[{', '.join(map(str, type_.shape))}]"
    if type_.stride:
        text += f" stride ({', '.join(map(str, type_.stride))})"
    if type_.offset:
        text += f" offset {type_.offset}"
    return text


def format_node(node: Node) -> str:
    """One call: its results with their types, the operator, the arguments."""
    results = ", ".join(f"%{id_}: {format_type(type_)}" for id_, type_ in zip(node.results, node.types, strict=True))
    args = [format_arg(arg) for arg in node.args]
    args += [f"{name}={format_arg(arg)}" for name, arg in node.kwargs]
    return f"{results} = {node.op}({', '.join(args)})"


def format_arg(arg: Arg) -> str:
    """One argument, lists in brackets."""
    if isinstance(arg, tuple):
        return f"[{', '.join(format_arg(atom) for atom in arg)}]"
    if isinstance(arg, Ref):
        return f"%{arg.id}"
    if isinstance(arg, DTypeArg):
        return f"dtype({arg.name})"
    if isinstance(arg, SpecialFloat):
        return arg.name
    if isinstance(arg, Symbol):
        return "device" if arg == DEVICE else f"torch.{arg.name}"
    if isinstance(arg, str):
        return json.dumps(arg)
    return repr(arg)


def format_values(values: Values) -> str:
    """How the values of an input or a constant are made."""
    if isinstance(values, Literals):
        return f"literals({', '.join(x if isinstance(x, str) else repr(x) for x in values.data)})"
    high = f", high={values.high}" if values.high else ""
    return f'drawn("{values.kind}", seed={values.seed}{high})'


def parse_graph(text: str, source: str = "text") -> Graph:
    """Read the text form; `source` names it in errors. Types are taken as written: `type_check` checks them.

    Raises:
        InvalidInputError: a line that does not parse, an unknown operator, or ids that do not fit together.
    """
    inputs: list[Input] = []
    constants: list[Constant] = []
    nodes: list[Node] = []
    outputs: tuple[int, ...] = ()
    section = ""
    for number, content in enumerate(text.splitlines(), start=1):
        line = _Line(content, f"{source}: line {number}")
        if line.at_end():
            continue
        if line.kind == "name":
            section = line.name("a section", ("inputs", "constants", "nodes", "outputs"))
            line.mark(":")
            if section == "outputs":
                outputs += tuple(line.list_until("", line.value))
        elif section == "inputs":
            inputs.append(_input(line))
        elif section == "constants":
            constants.append(_constant(line))
        elif section == "nodes":
            nodes.append(_node(line))
        else:
            line.fail("`inputs:`, `constants:`, `nodes:` or `outputs:` before this line")
        line.end()
    graph = Graph(tuple(inputs), tuple(nodes), outputs, tuple(constants))
    problem = structural_problem(graph)
    if problem is not None:
        raise InvalidInputError(f"{source}: {problem}")
    return graph


def parse_made(text: str, source: str) -> tuple[TensorType, Values | None]:
    """Read a type such as `f32[4, 8]`, perhaps with how its values are made, as constants have it: `... = drawn(...)`.

    Raises:
        InvalidInputError: it does not parse; `source` names it.
    """
    line = _Line(text, source)
    type_ = line.type()
    values = _values(line) if line.skip("=") else None
    line.end()
    return type_, values


class _Line:
    """The tokens of one line, read from left to right."""

    def __init__(self, content: str, where: str) -> None:
        self.where = where
        self._tokens = list(_tokens(content, where))
        self._next = 0

    @property
    def kind(self) -> str:
        return self._tokens[self._next][0]

    @property
    def text(self) -> str:
        return self._tokens[self._next][1]

    def at_end(self) -> bool:
        return self.kind == "end"

    def fail(self, expected: str) -> NoReturn:
        found = "the end of the line" if self.at_end() else f"`{self.text}`"
        raise InvalidInputError(f"{self.where}: expected {expected}, found {found}")

    def take(self, kind: str, expected: str) -> str:
        if self.kind != kind:
            self.fail(expected)
        text = self.text
        self._next += 1
        return text

    def skip(self, text: str) -> bool:
        """Step over a token if it is the given one."""
        if self.kind == "string" or self.text != text:
            return False
        self._next += 1
        return True

    def mark(self, text: str) -> None:
        if not self.skip(text):
            self.fail(f"`{text}`")

    def name(self, expected: str, allowed: tuple[str, ...]) -> str:
        if self.kind != "name" or self.text not in allowed:
            self.fail(f"{expected} (one of {', '.join(allowed)})")
        return self.take("name", expected)

    def value(self) -> int:
        return int(self.take("value", "a value such as `%3`")[1:])

    def whole(self) -> int:
        if not self.text.lstrip("-").isdigit():
            self.fail("a whole number")
        return int(self.take("number", "a whole number"))

    def list_until(self, close: str, item: Callable[[], _T]) -> list[_T]:
        """Items between commas up to a closing bracket, or, with an empty `close`, to the end of the line."""
        items: list[_T] = []
        while not (self.skip(close) if close else self.at_end()):
            if items:
                self.mark(",")
            items.append(item())
        return items

    def end(self) -> None:
        if not self.at_end():
            self.fail("the end of the line")

    def atom(self) -> Atom:
        kind, text = self.kind, self.text
        if kind == "value":
            return Ref(self.value())
        if kind not in ("string", "special", "number", "name"):
            self.fail("an argument")
        if kind == "name" and text not in _WORDS and text != "dtype" and not text.startswith("torch."):
            self.fail("an argument")
        self._next += 1
        if kind == "string":
            return _string(text, self.where)
        if kind == "special":
            return SpecialFloat(text)
        if kind == "number":
            return _number(text)
        if text == "dtype":
            self.mark("(")
            dtype = cast(DType, self.name("a dtype", DTYPES))
            self.mark(")")
            return DTypeArg(dtype)
        return _WORDS[text] if text in _WORDS else Symbol(text.removeprefix("torch."))

    def argument(self) -> tuple[str | None, Arg]:
        """An argument and its name, if it is given by name."""
        name = None
        if self.kind == "name" and self._tokens[self._next + 1][1] == "=":
            name = self.take("name", "a name")
            self.mark("=")
        return name, tuple(self.list_until("]", self.atom)) if self.skip("[") else self.atom()

    def type(self) -> TensorType:
        dtype = cast(DType, self.name("a dtype", DTYPES))
        self.mark("[")
        shape = tuple(self.list_until("]", self.whole))
        stride = None
        if self.skip("stride"):
            self.mark("(")
            stride = tuple(self.list_until(")", self.whole))
        return tensor_type(dtype, shape, stride, self.whole() if self.skip("offset") else 0)

    def typed_value(self) -> tuple[int, TensorType]:
        id_ = self.value()
        self.mark(":")
        return id_, self.type()


def _tokens(content: str, where: str) -> Iterator[tuple[str, str]]:
    position = 0
    while True:
        match = _TOKEN.match(content, position)
        if match is None:
            raise InvalidInputError(f"{where}: cannot read `{content[position:].strip()}`")
        kind = str(match.lastgroup)
        yield kind, match.group(kind)
        if kind == "end":
            return
        position = match.end()


def _number(text: str) -> int | float:
    return float(text) if any(mark in text for mark in ".eE") else int(text)


def _string(text: str, where: str) -> str:
    try:
        return str(json.loads(text))
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"{where}: {text} is not a string: {error.msg}") from error


def _input(line: _Line) -> Input:
    id_, type_ = line.typed_value()
    return Input(id_, type_, line.value() if line.skip("shares") else None)


def _constant(line: _Line) -> Constant:
    id_, type_ = line.typed_value()
    line.mark("=")
    return Constant(id_, type_, _values(line))


def _values(line: _Line) -> Values:
    kind = line.name("how the values are made", ("drawn", "literals"))
    line.mark("(")
    if kind == "literals":
        return Literals(tuple(line.list_until(")", lambda: _literal(line))))
    value_class = _string(line.take("string", "a value class in quotes"), line.where)
    if value_class not in VALUE_CLASSES:
        raise InvalidInputError(f"{line.where}: unknown value class `{value_class}`")
    line.mark(",")
    given = line.list_until(")", lambda: _number_by_name(line))
    numbers = dict(given)
    if "seed" not in numbers or len(numbers) < len(given):
        raise InvalidInputError(f"{line.where}: expected one `seed=` and at most one `high=`")
    return Drawn(value_class, numbers["seed"], numbers.get("high", 0))


def _number_by_name(line: _Line) -> tuple[str, int]:
    name = line.name("a setting", ("seed", "high"))
    line.mark("=")
    return name, line.whole()


def _literal(line: _Line) -> bool | int | float | str:
    if line.kind == "special":
        return line.take("special", "a number")
    if line.kind == "number":
        return _number(line.take("number", "a number"))
    return line.name("a number", ("True", "False")) == "True"


def _node(line: _Line) -> Node:
    results = [line.typed_value()]
    while line.skip(","):
        results.append(line.typed_value())
    line.mark("=")
    op = line.take("name", "an operator such as `aten.add.Tensor`")
    try:
        operator(op)
    except InvalidInputError as error:
        raise InvalidInputError(f"{line.where}: {error}") from error
    line.mark("(")
    args: list[Arg] = []
    kwargs: list[tuple[str, Arg]] = []
    for name, arg in line.list_until(")", line.argument):
        if name is not None:
            kwargs.append((name, arg))
        elif kwargs:
            raise InvalidInputError(f"{line.where}: an argument without a name follows one with a name")
        else:
            args.append(arg)
    return Node(op, tuple(args), tuple(r for r, _ in results), tuple(t for _, t in results), tuple(kwargs))
