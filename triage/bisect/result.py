"""What a bisection finds out."""

from __future__ import annotations

from typing import Literal

import msgspec

from tensorsmith.ir.pipeline import Step

# fails: in the way that is looked for. otherwise: in another way. nothing: the run says nothing.
Outcome = Literal["fails", "passes", "otherwise", "nothing"]

# How the guilty pass is seen by itself: on the program as it is, or only on what the passes before it make of that.
Alone = Literal["", "on the program", "on what the passes before it make of the program"]


class Run(msgspec.Struct, frozen=True):
    """One run: what was run, how it ended, and more words on that."""

    name: str
    outcome: Outcome
    said: str = ""


class Check(msgspec.Struct, frozen=True):
    """How many of how many runs in fresh processes failed that should fail, and passed that should pass."""

    failed: tuple[int, int]
    passed: tuple[int, int]

    @property
    def holds(self) -> bool:
        """Whether no run speaks against the answer."""
        return self.failed[0] == self.failed[1] and self.passed[0] == self.passed[1]


class Backends(msgspec.Struct, frozen=True):
    """The ladder of backends, each with more of the compiler than the one before.

    Attributes:
        runs: one for each backend, in order.
        guilty: the first that fails; empty if none does.
        check: of it, and of the last one before it that passes.
    """

    runs: tuple[Run, ...]
    guilty: str = ""
    check: Check | None = None


class Subsystem(msgspec.Struct, frozen=True):
    """What torch's own compiler bisector says.

    Attributes:
        backend: in which it is.
        name: of the subsystem, without which it passes; empty if there is none.
        number: which application of the subsystem, counted from 0, is the first without which it passes; None where
            there is only one.
        what: the pass, decomposition or node of that application, as torch names it.
        setting: what switches the subsystem off, if that is a setting.
        check: of the runs with and without that application.
        problem: why there is no answer, if there is none.
    """

    backend: str
    name: str = ""
    number: int | None = None
    what: str = ""
    setting: str = ""
    check: Check | None = None
    problem: str = ""


class Cure(msgspec.Struct, frozen=True):
    """A single setting with which it passes."""

    step: Step
    check: Check


class Settings(msgspec.Struct, frozen=True):
    """What settings have to do with it.

    Attributes:
        needed: of the test case's own, those without any of which it passes; none if it fails by default.
        check: with and without them.
        cures: single settings, each besides the default, with which it passes; not looked for where some are needed.
        tried: how many were tried.
    """

    needed: tuple[Step, ...] = ()
    check: Check | None = None
    cures: tuple[Cure, ...] = ()
    tried: int = 0


class Levels(msgspec.Struct, frozen=True):
    """Levels of optimization, each with what the one before it does and more, and the optimizers of one.

    Attributes:
        runs: one for each level that was tried, the least first.
        guilty: the lowest that fails; empty if none does.
        check: of it, and of the level below it if that passes.
        tried: how many optimizers that the level adds were switched off.
        off: the fewest of them that make it pass at that level, switched off together; none if it fails without all.
        off_check: with and without them.
    """

    runs: tuple[Run, ...]
    guilty: str = ""
    check: Check | None = None
    tried: int = 0
    off: tuple[str, ...] = ()
    off_check: Check | None = None


class Passes(msgspec.Struct, frozen=True):
    """The guilty pass of a pipeline.

    Attributes:
        guilty: its name, or what makes native code; empty if none is found.
        prefix: the shortest beginning of the passes that fails; the guilty one is its last. Empty where native code is
            at fault, or the target says only which pass it is.
        of: how many passes the pipeline has.
        alone: how the pass fails by itself.
        default: whether the passes are those of the default pipeline, and not the test case's own.
        plainer: another pass that fails alone in the same way, which shares its fault with many.
        check: of the prefix, and of the prefix without its last pass.
    """

    guilty: str
    prefix: tuple[Step, ...] = ()
    of: int = 0
    alone: Alone = ""
    default: bool = False
    plainer: str = ""
    check: Check | None = None


class Release(msgspec.Struct, frozen=True):
    """A Python environment, the versions that it has, and how the script ended in it."""

    python: str
    versions: str
    outcome: Outcome
    said: str = ""


class Releases(msgspec.Struct, frozen=True):
    """Which release first fails.

    Attributes:
        ran: the environments that the script was run in, in order of release.
        first_failing: the oldest that fails of those newer than `last_passing`; empty if the newest does not fail.
        last_passing: the newest that passes before it; empty if none does.
        unknown: those between the two, which say nothing.
        check: of the two.
    """

    ran: tuple[Release, ...]
    first_failing: str = ""
    last_passing: str = ""
    unknown: tuple[str, ...] = ()
    check: Check | None = None


class Bisected(msgspec.Struct, frozen=True):
    """All that a bisection found out; what does not apply to the target is None.

    Attributes:
        case: identity of the test case.
        target: its target.
        failure: how it fails, in one line.
        backends: which backend of torch.compile.
        subsystem: which part of that backend.
        settings: which settings.
        levels: which level of optimization, and which optimizers.
        passes: which pass.
        releases: which release.
        runs: how many runs that took.
        complete: False if it was interrupted or time was up.
        unfinished: the runs of the step that was at work then.
        notes: what could not be found out, and why.
    """

    case: str
    target: str
    failure: str
    backends: Backends | None = None
    subsystem: Subsystem | None = None
    settings: Settings | None = None
    levels: Levels | None = None
    passes: Passes | None = None
    releases: Releases | None = None
    runs: int = 0
    complete: bool = True
    unfinished: tuple[Run, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def checks(self) -> tuple[Check, ...]:
        """Of all answers."""
        parts = (self.backends, self.subsystem, self.settings, self.levels, self.passes, self.releases)
        cures = () if self.settings is None else tuple(cure.check for cure in self.settings.cures)
        off = () if self.levels is None or self.levels.off_check is None else (self.levels.off_check,)
        return (*(part.check for part in parts if part is not None and part.check is not None), *cures, *off)

    @property
    def flaky(self) -> bool:
        """Whether a run speaks against an answer."""
        return not all(check.holds for check in self.checks)
