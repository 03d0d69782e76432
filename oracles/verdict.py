"""What an oracle says about a test case."""

from __future__ import annotations

from typing import Literal

import msgspec

Outcome = Literal["pass", "fail", "invalid", "limitation"]

# ill-formed: a pass gives a program that the compiler's own verifier rejects.
Kind = Literal["wrong-result", "error", "crash", "hang", "memory", "ill-formed"]

# Kinds of which the process dies, or has to be killed.
DEATHS: frozenset[Kind] = frozenset(("crash", "hang", "memory"))

Channel = Literal["", "values", "shape", "dtype", "strides", "mutation", "aliasing", "count", "nan-algebra"]


class Verdict(msgspec.Struct, frozen=True):
    """One oracle's judgement of one test case.

    pass: the property holds. fail: it does not; `kind` says how, and for a wrong result `channel` says where.
    invalid: the test case says nothing; `reason` is a short key that statistics count. limitation: the compiler says
    that it does not support this, which is not a bug.
    """

    outcome: Outcome
    oracle: str
    reason: str = ""
    kind: Kind | None = None
    channel: Channel = ""
    # The pass that makes it fail, where that is known.
    guilty: str = ""
    # One line for people: what was expected and what came.
    message: str = ""
    # For errors: the type of the innermost exception, such as `torch._inductor.exc.LoweringException`.
    exception: str = ""
    # For errors, crashes and hangs: the innermost frames of the compiler, innermost last, as `file.py:function`.
    frames: tuple[str, ...] = ()
    # Named facts for the report: expected, actual, float64, traceback ...
    evidence: tuple[tuple[str, str], ...] = ()


def passed(oracle: str) -> Verdict:
    """The property holds."""
    return Verdict("pass", oracle)


def invalid(oracle: str, reason: str, message: str = "") -> Verdict:
    """The test case says nothing, for this reason."""
    return Verdict("invalid", oracle, reason=reason, message=message)
