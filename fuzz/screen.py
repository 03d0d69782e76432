"""What a person sees of a running campaign: a live screen on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tensorsmith.corpus.findings import Finding
from tensorsmith.fuzz.statistics import Snapshot

FIRST_LINE_SECONDS = 15.0
LINE_SECONDS = 60.0

_SHOWN_REASONS = 4
_SHOWN_STAGES = 6


class Screen(Protocol):
    """Where the engine tells how it goes. `update` may be called often; a screen shows what it sees fit."""

    def update(self, snapshot: Snapshot) -> None:
        """The statistics as they are now."""
        ...

    def finding(self, finding: Finding) -> None:
        """A finding is new, or more is known about it."""
        ...

    def message(self, text: str) -> None:
        """Something that a person should know: one line."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class PlainScreen:
    """Lines: the first after a quarter of a minute of campaign time, then one a minute."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._first: Snapshot | None = None
        self._next_line = 0.0

    def update(self, snapshot: Snapshot) -> None:
        """Print a line if one is due."""
        if self._first is None:
            self._first = snapshot
            self._next_line = snapshot.elapsed + FIRST_LINE_SECONDS
        if snapshot.elapsed >= self._next_line:
            self._next_line = snapshot.elapsed + LINE_SECONDS
            self._print(progress_line(snapshot, self._first))

    def finding(self, finding: Finding) -> None:
        """Print a line."""
        self._print(finding_line(finding))

    def message(self, text: str) -> None:
        """Print a line."""
        self._print(text)

    def close(self) -> None:
        """Nothing to restore."""

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveScreen:
    """A table that stays at the bottom of the terminal; findings and messages scroll by above it."""

    def __init__(self, console: Console) -> None:
        self._first: Snapshot | None = None
        # Without a refresh thread: what forks, forks safely.
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()

    def update(self, snapshot: Snapshot) -> None:
        """Redraw."""
        self._first = self._first or snapshot
        self._live.update(_picture(snapshot, self._first), refresh=True)

    def finding(self, finding: Finding) -> None:
        """Print a line above the table."""
        self._live.console.print(Text(finding_line(finding), style="bold red"))

    def message(self, text: str) -> None:
        """Print a line above the table."""
        self._live.console.print(Text(text))

    def close(self) -> None:
        """Take the table away; what scrolled by stays."""
        self._live.stop()


def screen_for(console: Console) -> Screen:
    """The screen that suits where the output goes."""
    return LiveScreen(console) if console.is_terminal else PlainScreen(console)


def progress_line(now: Snapshot, first: Snapshot) -> str:
    """The statistics in one line; the rate is of the time since `first`."""
    invalid = [f"{reason} {_percent(n, now.tests)}" for reason, n in list(now.invalid.items())[:_SHOWN_REASONS]]
    findings = [f"{n} {status}" for status, n in now.findings.items()]
    parts = [
        clock(now.elapsed),
        f"tests {now.tests} ({_rate(now, first):.1f}/s)",
        f"valid {_percent(now.valid, now.tests)}",
        f"[{', '.join(invalid)}]" if invalid else "",
        f"corpus {now.corpus}",
        " ".join(f"{observer} {n}" for observer, n in now.coverage.items()),
        f"findings {', '.join(findings) or '0'}",
    ]
    return " ".join(part for part in parts if part)


def finding_line(finding: Finding) -> str:
    """A finding in one line."""
    where = f" {finding.channel}" if finding.channel else ""
    operators = ", ".join(finding.operators[:4])
    text = finding.summary.split("\n")[0][:200]
    return f"{finding.status} {finding.id} {finding.kind}{where} {finding.target} [{operators}] {text}".rstrip()


def clock(seconds: float) -> str:
    """Seconds as `m:ss`, or `h:mm:ss` from an hour on."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def statistics_table(now: Snapshot) -> Table:
    """The statistics as a table of two columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column()
    total = sum(now.time.values())
    stages = [f"{stage} {_percent(seconds, total)}" for stage, seconds in list(now.time.items())[:_SHOWN_STAGES]]
    for name, value in (
        ("time", clock(now.elapsed)),
        ("tests", f"{now.tests} ({now.tests_per_second:.1f} a second)"),
        ("valid", f"{now.valid} ({_percent(now.valid, now.tests)})"),
        ("invalid", _listed(now.invalid, _SHOWN_REASONS)),
        ("corpus", str(now.corpus)),
        ("coverage", _listed(now.coverage, _SHOWN_STAGES)),
        ("findings", _listed(now.findings, len(now.findings))),
        ("limitations", f"{len(now.limitations)} distinct, {sum(now.limitations.values())} tests"),
        ("time goes to", ", ".join(stages) or "-"),
    ):
        table.add_row(name, Text(value))
    return table


def ways_table(now: Snapshot) -> Table:
    """What each mutator has brought, and generation."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("way", no_wrap=True)
    for column in ("tests", "valid", "new", "failed", "ms a test", "new a CPU second"):
        table.add_column(column, justify="right")
    for name, way in now.ways.items():
        milliseconds = 1000 * way.seconds / way.tests if way.tests else 0.0
        rate = way.new / way.seconds if way.seconds > 0 else 0.0
        counts = (str(way.tests), _percent(way.valid, way.tests), str(way.new), str(way.failed))
        table.add_row(name, *counts, f"{milliseconds:.1f}", f"{rate:.2f}")
    return table


def _picture(now: Snapshot, first: Snapshot) -> RenderableType:
    return Group(statistics_table(now), Text(f"{_rate(now, first):.1f} tests a second in this run; Ctrl-C stops it"))


def _rate(now: Snapshot, first: Snapshot) -> float:
    seconds = now.elapsed - first.elapsed
    return (now.tests - first.tests) / seconds if seconds > 0 else 0.0


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}%" if whole > 0 else "-"


def _listed(amounts: Mapping[str, int], most: int) -> str:
    return ", ".join(f"{name} {n}" for name, n in list(amounts.items())[:most]) or "-"
