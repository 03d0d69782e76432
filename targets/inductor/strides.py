"""The stride of an index expression that is linear in a loop variable, without sympy's general simplification.

Inductor asks for the stride of every index in every loop variable when it decides how to vectorize, and spends a
tenth of its time in `sympy.simplify` for answers that are most often the coefficient that stands in the expression.
"""

from __future__ import annotations

import functools
from typing import Any

import sympy  # type: ignore[import-untyped]
from torch._inductor import sizevars
from torch._inductor.codegen import cpp

REMEMBERED = 1 << 16


def linear_stride(index: sympy.Expr, var: sympy.Symbol) -> sympy.Integer | None:
    """By how much ``index`` grows when ``var`` grows by one, if ``var`` occurs in whole multiples only; else None."""
    if not isinstance(index, sympy.Expr):
        return None
    stride = sympy.S.Zero
    for term in sympy.Add.make_args(index):
        if var not in term.free_symbols:
            continue
        coefficient, rest = term.as_coeff_Mul()
        if rest != var or not coefficient.is_Integer:
            return None
        stride += coefficient
    return stride


def remember_strides() -> None:
    """Let Inductor take the short way where there is one, and remember more than one graph's answers; once only."""
    stock: Any = sizevars.stride_at_vec_range
    if getattr(stock, "takes_short_way", False):
        return

    @functools.lru_cache(maxsize=REMEMBERED)
    def stride_at_vec_range(index: sympy.Expr, var: sympy.Symbol, vec_length: int | None = None) -> sympy.Expr:
        stride = linear_stride(index, var)
        return stock(index, var, vec_length) if stride is None else stride

    patched: Any = stride_at_vec_range
    patched.takes_short_way = True
    for module in (sizevars, cpp):
        setattr(module, stock.__name__, patched)
    wider: Any = functools.lru_cache(maxsize=REMEMBERED)(sizevars.simplify_index_in_vec_range.__wrapped__)
    sizevars.simplify_index_in_vec_range = wider
