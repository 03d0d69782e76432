"""What engine and workers say to each other: typed messages with one encoding."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from tensorsmith.ir.cases import Case
from tensorsmith.ir.testcase import Device
from tensorsmith.oracles.verdict import Verdict

# What of a test case is mutated.
Part: TypeAlias = Literal["program", "pipeline", "both"]


class Origin(msgspec.Struct, frozen=True):
    """Where a test case comes from: the id of its parent, the mutators, and what of the parent these were to change; or
    nothing for a generated one."""

    parent: str = ""
    mutators: tuple[str, ...] = ()
    part: Part = "program"


class Slot(msgspec.Struct, frozen=True):
    """One test to make: mutate `parent` (with `donor` for mutators that need two), or generate if there is none.

    `part` says what of the parent, where its pipeline is of passes.
    """

    seed: int
    parent: Case | None = None
    donor: Case | None = None
    part: Part = "program"


class FuzzBatch(msgspec.Struct, frozen=True, tag="fuzz"):
    """Order: make these tests and run them together. `size` is the number of operators of a generated graph."""

    target: str
    device: Device
    size: int
    slots: tuple[Slot, ...]
    # Weights below 1 for operators and passes that known findings are about, so that one bug floods no campaign.
    weights: tuple[tuple[str, float], ...] = ()
    # Weights of mutators, above 1 for those whose mutants reach something new more often than others'.
    mutators: tuple[tuple[str, float], ...] = ()


class RunBatch(msgspec.Struct, frozen=True, tag="run"):
    """Order: run these test cases: what is left of a batch whose worker died, or what is to be compiled as well."""

    cases: tuple[Case, ...]
    origins: tuple[Origin, ...]
    native: bool = False


class TriageAlarm(msgspec.Struct, frozen=True, tag="triage"):
    """Order: confirm a failure in fresh processes, reduce it, report it. `id` is that of the provisional finding."""

    id: str
    case: Case
    verdict: Verdict
    seconds: float
    time_limit: float
    memory_limit: int


Order: TypeAlias = FuzzBatch | RunBatch | TriageAlarm


class Announced(msgspec.Struct, frozen=True, tag="announced"):
    """The test cases that the worker is about to run: what it dies of is one of these."""

    cases: tuple[Case, ...]
    origins: tuple[Origin, ...]
    # Tests that could not be made at all, by reason.
    failed_to_make: tuple[str, ...] = ()
    # What the programs that were made call, and the argument choices of the calls (`generators.choices`), with counts.
    choices: dict[str, int] = {}


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The worker begins a stage of a test; position -1 is the batch as a whole."""

    position: int
    stage: str


class Judged(msgspec.Struct, frozen=True, tag="judged"):
    """The verdict on a test of the batch, and the CPU seconds that it took, its share of what was done together too."""

    position: int
    verdict: Verdict
    seconds: float


class Covered(msgspec.Struct, frozen=True, tag="covered"):
    """What a test that passed reached in the compiler, by observer: names of features, and serialized roaring bitmaps
    of features that have numbers. It follows the verdict."""

    position: int
    named: dict[str, frozenset[str]]
    numbered: dict[str, bytes]


class BatchDone(msgspec.Struct, frozen=True, tag="done"):
    """The batch is over. `wall` and `cpu` are seconds by stage; `cpu` includes compilers that the worker started."""

    wall: dict[str, float]
    cpu: dict[str, float]


class Triaged(msgspec.Struct, frozen=True, tag="triaged"):
    """What became of an alarm. `reproduced` of `of` fresh processes failed in the same way.

    `case` and `verdict` are the smallest that still fails. `slipped` are other failures met on the way. `repro_runs`
    says whether the stand-alone script failed in a fresh interpreter.
    """

    id: str
    case: Case
    verdict: Verdict
    reproduced: int
    of: int
    repro: str = ""
    report: str = ""
    repro_runs: bool = False
    slipped: tuple[tuple[Case, Verdict], ...] = ()


class WorkerFailed(msgspec.Struct, frozen=True, tag="failed"):
    """The worker's own code failed, which is a fault of tensorsmith; the text is the traceback."""

    text: str


Message: TypeAlias = Announced | Started | Judged | Covered | BatchDone | Triaged | WorkerFailed

orders: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)
messages: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
encode = msgspec.json.Encoder().encode
