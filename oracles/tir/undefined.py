"""Why a function has no meaning that an oracle could compare with."""

from __future__ import annotations

OVERFLOW = "integer overflow"


class Undefined(Exception):
    """The run does something whose result TIR leaves open; `args[0]` says what."""


class Unsupported(Exception):
    """The interpreter does not know a construct of the function; `args[0]` names it."""


class Mixed(Exception):
    """A function must be written anew: buffers of several sizes of elements share the list that `args[0]` names."""
