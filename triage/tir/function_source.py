"""A PrimFunc as Python source that gives an equal one: TVMScript, else calls of constructors, else TVM's JSON.

TVMScript is what people read, but its parser folds some expressions, and its printer fails on others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tensorsmith.targets.tvm import adapter
from tensorsmith.triage.tir.constructor_source import constructor_source

# What TVMScript's parser folds where its operands are constant, and what stands for the same and is not folded.
_UNFOLDED = {"T.max(": "T.Max(", "T.min(": "T.Min(", "T.truncmod(": "T.Mod(", "T.truncdiv(": "T.Div("}


@dataclass(frozen=True)
class FunctionSource:
    """Statements that define `main`, and the imports that these need."""

    text: str
    imports: tuple[str, ...] = ()


def function_source(func: Any) -> FunctionSource:
    """The source of a function, in the most readable form that reads back as an equal one."""
    text = tvm_script(func)
    if text is not None:
        return FunctionSource(text, ("from tvm.script import tirx as T",))
    text = constructor_source(func)
    if text is not None:
        return FunctionSource(text, ("from tvm import tirx",))
    return FunctionSource(f"main = tvm.ir.load_json(r'''{adapter.json_of(func)}''')")


def tvm_script(func: Any) -> str | None:
    """The function as TVMScript, from its decorator on; None where no text reads back as an equal function."""
    printed = adapter.script(func)
    start = printed.find("@T.prim_func")
    if start < 0 or "def main(" not in printed:
        return None
    text = printed[start:].rstrip()
    for candidate in (text, _unfolded(text)):
        if _reads_as(func, "# from tvm.script import tirx as T\n" + candidate):
            return candidate
    return None


def _reads_as(func: Any, text: str) -> bool:
    try:
        return adapter.equal(adapter.read_script(text), func)
    except Exception:  # the parser evaluates the text: anything may be raised
        return False


def _unfolded(text: str) -> str:
    for folded, plain in _UNFOLDED.items():
        text = text.replace(folded, plain)
    return text
