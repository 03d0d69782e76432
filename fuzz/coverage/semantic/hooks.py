"""Hooks on a compiler's own functions: told of every call once it has returned, and changing nothing of it."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tensorsmith.fuzz.coverage.semantic.trail import Trail


@dataclass(frozen=True)
class Call:
    """A call that has returned.

    Attributes:
        args: its positional arguments.
        kwargs: its keyword arguments.
        result: what it returned.
        noted: what the hook noted of the first argument before.
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    result: Any
    noted: Any = None

    def argument(self, position: int, name: str) -> Any:
        """An argument, however it was passed."""
        return self.args[position] if position < len(self.args) else self.kwargs[name]


@dataclass(frozen=True)
class Hook:
    """A function that is watched.

    Attributes:
        module: where it is.
        name: what it is called there; `Class.method` for a method.
        describe: puts what a call says on the trail.
        note: what to remember of the first argument as it is before the call.
    """

    module: str
    name: str
    describe: Callable[[Trail, Call], None]
    note: Callable[[Any], Any] | None = None


def install(hook: Hook, trail: Trail) -> bool:
    """Have a function watched for as long as this process lives. False: this version of the compiler has none."""
    owner, attribute = _place(hook)
    stock = vars(owner).get(attribute) if owner is not None else None
    if stock is None:
        return False

    @functools.wraps(stock)
    def watched(*args: Any, **kwargs: Any) -> Any:
        noted = None
        if hook.note is not None:
            try:
                noted = hook.note(args[0])
            except Exception:
                trail.note(f"unreadable {hook.name}")
        result = stock(*args, **kwargs)
        # A test must not fail because its compiler cannot be watched.
        try:
            hook.describe(trail, Call(args, kwargs, result, noted))
        except Exception:
            trail.note(f"unreadable {hook.name}")
        return result

    setattr(owner, attribute, watched)
    return True


def _place(hook: Hook) -> tuple[Any, str]:
    """The module or class that has the function, and the function's name there."""
    *path, attribute = hook.name.split(".")
    try:
        owner: Any = importlib.import_module(hook.module)
        for name in path:
            owner = getattr(owner, name)
    except (ImportError, AttributeError):
        return None, attribute
    return owner, attribute
