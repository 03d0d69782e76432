"""What the exporter, ONNX or ONNX Runtime does not do: a limitation, and no bug."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

# ONNX Runtime's own words: it has no kernel, or the standard does not have the operator for elements of that type.
_NO_KERNEL = re.compile(r"NOT_IMPLEMENTED : (Could not find an implementation for )?(?P<what>\w+\(\d+\)|.*)")
_NO_TYPE = re.compile(
    r"Type Error: Type '(?P<type>[^']*)' of (in|out)put parameter \(.*?\) of operator \((?P<op>\w+)\)"
)
# The operator that the exporter has no function for.
_NO_FUNCTION = re.compile(r"(target: |for )<OpOverload\(op='(?P<op>[\w.:]+)', overload='(?P<overload>\w+)'\)>")


class Unsupported(NotImplementedError):
    """A program is outside of what the target takes; the message names the operator."""


def unsupported(what: str, why: str = "") -> Unsupported:
    """The exception for an operator or a kind of call."""
    return Unsupported(f"onnxruntime does not support {what}" + (f": {why}" if why else ""))


@contextmanager
def limitations_of_runtime() -> Iterator[None]:
    """Raise Unsupported in the place of what says that there is no kernel, or that ONNX does not allow the type."""
    try:
        yield
    except Exception as error:
        found = limitation(str(error))
        if found is None:
            raise
        raise found from None


def limitation(message: str) -> Unsupported | None:
    """What a message of ONNX Runtime's says is not supported; None if it says something else."""
    kernel = _NO_KERNEL.search(message)
    if kernel is not None:
        return unsupported(kernel["what"][:100], "it has no kernel")
    wrong = _NO_TYPE.search(message)
    if wrong is not None:
        return unsupported(f"{wrong['op']} of {wrong['type']}", "ONNX does not have it")
    return None


def lacking_function(messages: str) -> str:
    """The operator that the exporter says it has nothing for, as in `aten.svd.default`; empty if it says no name."""
    found = _NO_FUNCTION.search(messages)
    return f"{found['op'].replace('::', '.')}.{found['overload']}" if found else ""
