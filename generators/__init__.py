"""Operator rules and the random programs and input values made from them; Hypothesis strategies of programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorsmith.generators.program import Program
    from tensorsmith.generators.strategies import calls, graphs

__all__ = ["Program", "calls", "graphs"]


def __getattr__(name: str) -> Any:
    # Strategies load torch and Hypothesis, so they are imported when they are asked for.
    if name == "Program":
        from tensorsmith.generators.program import Program

        return Program
    if name in ("calls", "graphs"):
        try:
            import hypothesis  # noqa: F401
        except ModuleNotFoundError as error:
            from tensorsmith.ir.errors import EnvironmentLacksError

            raise EnvironmentLacksError(
                f"tensorsmith.generators.{name} is a Hypothesis strategy and Hypothesis is not installed: "
                "pip install 'tensorsmith[hypothesis]'"
            ) from error
        from tensorsmith.generators import strategies

        return getattr(strategies, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
