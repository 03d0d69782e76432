"""The oracles there are, for people and for the command line."""

from __future__ import annotations

import msgspec

from tensorsmith.oracles import death, differential


class OracleEntry(msgspec.Struct, frozen=True):
    """An oracle: its name and the property that it judges."""

    name: str
    summary: str


ORACLES: tuple[OracleEntry, ...] = (
    OracleEntry(death.NAME, "compiling and running ends, without a signal, within its limits of time and memory"),
    OracleEntry(
        differential.NAME,
        "compiled gives what eager gives: values to rounding, shapes, dtypes, writes to inputs, aliasing, no error",
    ),
)
