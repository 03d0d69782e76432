"""A finding: a distinct bug, as the store keeps it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from tensorsmith.oracles.verdict import Channel, Kind

# new: not judged again yet; unconfirmed: did not fail again; known and fixed: a person, or a replay, said so.
Status = Literal["new", "confirmed", "flaky", "unconfirmed", "known", "fixed"]

# What is shown to a person: it failed again in a fresh process. The others wait for that, or did not.
SHOWN: frozenset[Status] = frozenset({"confirmed", "flaky", "known", "fixed"})

# What a new failure can be one more of. One like a fixed finding says that it is not fixed.
OPEN: frozenset[Status] = frozenset({"confirmed", "flaky", "known"})


class Finding(msgspec.Struct, frozen=True):
    """A distinct bug.

    `signature` is the failure's signature as plain data and `id` names it. `case` is the id of the smallest test case
    known and `original` that of the first one that failed; both are in the store. It failed again in `reproduced` of
    `of` fresh processes. `seen` counts the observations that the store has, and is not less than 1.
    """

    id: str
    signature: dict[str, Any]
    kind: Kind
    target: str
    case: str
    original: str
    channel: Channel = ""
    status: Status = "new"
    seen: int = 1
    operators: tuple[str, ...] = ()
    # The pass, knob or subsystem that makes it fail, when known.
    guilty: str = ""
    # Passes that failures like it were blamed on before they were reduced.
    also_guilty: tuple[str, ...] = ()
    # One line for people.
    summary: str = ""
    link: str = ""
    reproduced: int = 0
    of: int = 0
    reduced: bool = False
    # How many failures like it did not fail again.
    passing: int = 0
    # How many workers died while they confirmed and reduced it.
    triage_deaths: int = 0
    # Whether a person said that it is a finding of its own, whatever its signature is.
    apart: bool = False
    # Seconds since the epoch.
    first_seen: float = 0.0
