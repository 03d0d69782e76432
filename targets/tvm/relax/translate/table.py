"""The operators that have a translation."""

from __future__ import annotations

from tensorsmith.targets.tvm.relax.translate.binary import BINARY
from tensorsmith.targets.tvm.relax.translate.call import Table
from tensorsmith.targets.tvm.relax.translate.convolution import CONVOLUTION
from tensorsmith.targets.tvm.relax.translate.creation import CREATION
from tensorsmith.targets.tvm.relax.translate.indexing import INDEXING
from tensorsmith.targets.tvm.relax.translate.linear import LINEAR
from tensorsmith.targets.tvm.relax.translate.normalization import NORMALIZATION
from tensorsmith.targets.tvm.relax.translate.ordering import ORDERING
from tensorsmith.targets.tvm.relax.translate.pooling import POOLING
from tensorsmith.targets.tvm.relax.translate.reductions import REDUCTIONS
from tensorsmith.targets.tvm.relax.translate.shapes import SHAPES
from tensorsmith.targets.tvm.relax.translate.ternary import TERNARY
from tensorsmith.targets.tvm.relax.translate.unary import UNARY
from tensorsmith.targets.tvm.relax.translate.views import VIEWS

# Other names of the same operators.
_SYNONYMS = {
    "absolute": "abs", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan",
    "arctan2": "atan2", "arctanh": "atanh", "clip": "clamp", "divide": "div", "fix": "trunc", "greater": "gt",
    "greater_equal": "ge", "less": "lt", "less_equal": "le", "multiply": "mul", "negative": "neg", "not_equal": "ne",
    "subtract": "sub", "special_erf": "erf", "special_erfc": "erfc", "special_exp2": "exp2",
    "special_expm1": "expm1", "special_log1p": "log1p",
    "special_expit": "sigmoid",
}  # fmt: skip

_NAMED: Table = (
    UNARY | BINARY | TERNARY | CREATION | REDUCTIONS | VIEWS | SHAPES | INDEXING | ORDERING | LINEAR | CONVOLUTION
    | POOLING | NORMALIZATION
)  # fmt: skip

TRANSLATIONS: Table = _NAMED | {
    f"aten.{synonym}.{full.split('.')[2]}": translation
    for synonym, name in _SYNONYMS.items()
    for full, translation in _NAMED.items()
    if full.split(".")[:2] == ["aten", name]
}


def supported_operators() -> tuple[str, ...]:
    """Full names of the operators that programs can be made of without being taken apart first."""
    return tuple(sorted(TRANSLATIONS))
