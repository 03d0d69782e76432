"""Calls made up from an operator's schema alone, for operators that no sample reaches."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from tensorsmith.generators.rules.ask import ask_about
from tensorsmith.generators.rules.near import MOST_ELEMENTS
from tensorsmith.generators.table import Record
from tensorsmith.ir.dtypes import DType
from tensorsmith.ir.graph import Arg, DTypeArg, Ref, TensorType
from tensorsmith.ir.operators import operator

TRIES = 600
ENOUGH = 12

_SHAPES = ((3, 4), (4,), (2, 3, 4), (4, 4), (1, 3, 4, 5), (), (2, 4, 4, 4), (1, 2, 3, 4, 5))
_SHAPE_WEIGHTS = (8, 4, 4, 4, 4, 1, 2, 1)
_DTYPES: tuple[DType, ...] = ("f32", "f32", "f32", "i64", "bool", "f64")
_LISTS = ((1,), (0,), (2,), (1, 1), (2, 2), (0, 1), (3, 4), (1, 1, 1), (2, 2, 2), (0, 0), (4, 4), ())
_STRINGS = ("mean", "sum", "none", "constant", "reflect", "floor", "trunc", "fro", "nearest", "valid", "ij", "tanh")


def synthesized_calls(op: str, seed: int = 0) -> list[Record]:
    """Calls of an operator that eager accepts, with arguments drawn by their types; none if no try works."""
    rng = random.Random(f"{op} {seed}")
    questions = [made for _ in range(TRIES) if (made := _draw(op, rng)) is not None]
    found = ask_about(op, list(dict.fromkeys(questions)), ENOUGH)
    return [record for record in found if all(type_.numel <= MOST_ELEMENTS for type_ in record.results)]


def _draw(op: str, rng: random.Random) -> Record | None:
    tensors: list[TensorType] = []
    shape, dtype = rng.choices(_SHAPES, _SHAPE_WEIGHTS)[0], rng.choice(_DTYPES)
    alike = rng.random() < 0.6

    def tensor() -> Ref:
        mine = shape if alike or rng.random() < 0.3 else rng.choices(_SHAPES, _SHAPE_WEIGHTS)[0]
        tensors.append(TensorType(dtype if rng.random() < 0.8 else rng.choice(_DTYPES), mine))
        return Ref(len(tensors) - 1)

    args: list[Arg] = []
    kwargs: list[tuple[str, Arg]] = []
    for argument in operator(op)._schema.arguments:
        has_default = argument.has_default_value()
        kind = str(argument.real_type)
        if has_default and (argument.kwarg_only or rng.random() < 0.7):
            if not argument.kwarg_only:
                args.append(_default(argument.default_value))
            continue
        made = _argument(kind, rng, tensor, shape)
        if made is _NOTHING:
            return None
        if argument.kwarg_only:
            kwargs.append((argument.name, made))
        else:
            args.append(made)
    return Record(tuple(tensors), tuple(args), tuple(kwargs)) if tensors else None


_NOTHING: Arg = "\0nothing"


def _argument(kind: str, rng: random.Random, tensor: Any, shape: Sequence[int]) -> Arg:
    if kind.startswith("Optional["):
        return None if rng.random() < 0.5 else _argument(kind[len("Optional[") : -1], rng, tensor, shape)
    made: dict[str, Any] = {
        "Tensor": tensor,
        "List[Tensor]": lambda: tuple(tensor() for _ in range(rng.choice((1, 2, 2, 3)))),
        "int": lambda: rng.choice((0, 1, 1, 2, -1, 3, *shape)),
        "bool": lambda: rng.random() < 0.5,
        "float": lambda: rng.choice((0.5, 1.0, 2.0)),
        "number": lambda: rng.choice((1, 2, 0.5, 2.0)),
        "List[int]": lambda: rng.choice((*_LISTS, tuple(shape))),
        "List[number]": lambda: (rng.choice((1, 2, 0.5)),) * rng.choice((1, 2, 3)),
        "List[float]": lambda: (rng.choice((0.5, 1.0, 2.0)),) * rng.choice((1, 2, 3)),
        "List[bool]": lambda: (rng.random() < 0.9,) * rng.choice((2, 3)),
        "str": lambda: rng.choice(_STRINGS),
        "ScalarType": lambda: DTypeArg(rng.choice(_DTYPES)),
    }
    make = made.get(kind)
    found: Arg = _NOTHING if make is None else make()
    return found


def _default(value: Any) -> Arg:
    if isinstance(value, (list, tuple)):
        return tuple(v for v in value if isinstance(v, (bool, int, float, str)))
    return value if isinstance(value, (bool, int, float, str)) else None
