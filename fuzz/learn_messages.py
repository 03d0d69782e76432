"""What `ops learn` and the process that runs the user's script say to each other, in files of JSON."""

from __future__ import annotations

import msgspec


class Order(msgspec.Struct, frozen=True):
    """Run a script and learn from it.

    Attributes:
        script: its path.
        imports: what to import before, modules or Python files.
        partial: whether to learn even if it fails.
        answer: where the Answer goes.
        operators: where the operators go (`generators.operator_file`).
        trace: a file that gets a byte for each call that is recorded, so that much is known of a script that dies.
    """

    script: str
    imports: tuple[str, ...]
    partial: bool
    answer: str
    operators: str
    trace: str


class Row(msgspec.Struct, frozen=True):
    """What was learned of an operator, or why nothing was.

    `records` is how many of its calls programs start from; `precision` and `recall` are those of its rule, None for an
    operator of the table that ships.
    """

    op: str
    records: int = 0
    precision: float | None = None
    recall: float | None = None
    left_out: str = ""


class Answer(msgspec.Struct, frozen=True):
    """How many calls of how many operators the script made, how it failed if it did, and what was learned."""

    calls: int
    operators: int
    failure: str = ""
    rows: tuple[Row, ...] = ()
