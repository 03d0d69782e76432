"""The schedules there are. A new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.schedules.api import Plan, Schedule
from tensorsmith.fuzz.schedules.blind import Blind
from tensorsmith.fuzz.schedules.change import Always, ByYield, InTandem
from tensorsmith.fuzz.schedules.generate import Generate
from tensorsmith.fuzz.schedules.guided import Guided
from tensorsmith.ir.errors import InvalidInputError

DEFAULT = "joint"


@dataclass(frozen=True)
class ScheduleEntry:
    """A schedule: its name, what it does in one line, and what makes it of a plan, a seed and the store."""

    name: str
    summary: str
    make: Callable[[Plan, int, Store], Schedule]


SCHEDULES: tuple[ScheduleEntry, ...] = (
    ScheduleEntry(
        "joint",
        "mutates the program of a seed, its pipeline or both, as that has paid, guided by feedback",
        lambda plan, seed, store: Guided(plan, seed, ByYield(), store),
    ),
    ScheduleEntry(
        "tandem",
        "mutates the program of a seed until that stagnates, then its pipeline, guided by feedback",
        lambda plan, seed, store: Guided(plan, seed, InTandem(), store),
    ),
    ScheduleEntry(
        "program",
        "mutates programs only, guided by feedback",
        lambda plan, seed, store: Guided(plan, seed, Always("program"), store),
    ),
    ScheduleEntry(
        "pipeline",
        "mutates pipelines only, guided by feedback",
        lambda plan, seed, store: Guided(plan, seed, Always("pipeline"), store),
    ),
    ScheduleEntry(
        "blind",
        "mutates programs and pipelines of tests that passed, without feedback",
        lambda plan, seed, store: Blind(plan, seed),
    ),
    ScheduleEntry("generate", "mutates nothing", lambda plan, seed, store: Generate(plan, seed)),
)


def find_schedule(name: str) -> ScheduleEntry:
    """The schedule of a name.

    Raises:
        InvalidInputError: there is none.
    """
    for entry in SCHEDULES:
        if entry.name == name:
            return entry
    raise InvalidInputError(f"unknown schedule `{name}`; there are: {', '.join(entry.name for entry in SCHEDULES)}")
