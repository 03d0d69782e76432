"""What TVM, or the way into it, does not do: a limitation, and no bug."""

from __future__ import annotations


class Unsupported(NotImplementedError):
    """A program is outside of what the target takes; the message names the operator."""


def unsupported(what: str, why: str = "") -> Unsupported:
    """The exception for an operator or a kind of call, such as `aten.svd.default` or `aten.sort.default of NaN`."""
    return Unsupported(f"tvm-relax does not support {what}" + (f": {why}" if why else ""))
