"""A test case of TIR: program x pipeline x inputs x target, and its one encoding."""

from __future__ import annotations

import hashlib

import msgspec

from tensorsmith.ir import tir
from tensorsmith.ir.encoding import check_format
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.ir.testcase import Device

FORMAT = 1


class TirRecipe(msgspec.Struct, frozen=True):
    """How input values are drawn: one set for each seed.

    Attributes:
        seeds: of the sets of values.
        special: the share of float values that are NaN, infinite, signed zeros or denormal.
    """

    seeds: tuple[int, ...] = (0,)
    special: float = 0.0


class TirCase(msgspec.Struct, frozen=True, tag="tir", tag_field="is"):
    """One test of a TIR program, immutable. `format` is the version of this encoding.

    The steps of the pipeline are settings (`config:KEY`, `opt-level`, `disable:PASS`, `target`, `free-order`), then
    passes by name, then perhaps `build`. An empty pipeline is the compiler's default, built.
    """

    program: tir.TirProgram
    target: str
    recipe: TirRecipe = TirRecipe()
    device: Device = "cpu"
    pipeline: Pipeline = Pipeline()
    format: int = FORMAT

    @property
    def id(self) -> str:
        """Identity: the first 16 hex digits of the SHA-256 of the canonical encoding."""
        return hashlib.sha256(encode(self)).hexdigest()[:16]


_encoder = msgspec.json.Encoder(order="sorted")


def encode(case: TirCase) -> bytes:
    """The canonical encoding: JSON, keys sorted, without the program's TVMScript, which follows from its JSON."""
    program = msgspec.structs.replace(case.program, json=tir.compact(case.program.json), script="")
    return _encoder.encode(msgspec.structs.replace(case, program=program))


def check(case: TirCase, source: str) -> None:
    """Validate a decoded test case; `source` names it in errors.

    Raises:
        InvalidInputError: another format, or a field that makes no sense.
    """
    check_format(case.format, FORMAT, source)
    tir.check(case.program, source)
    if not case.recipe.seeds:
        raise InvalidInputError(f"{source}: field `recipe.seeds`: there must be at least one")
    if not 0 <= case.recipe.special <= 1:
        raise InvalidInputError(f"{source}: field `recipe.special`: {case.recipe.special} is not between 0 and 1")
