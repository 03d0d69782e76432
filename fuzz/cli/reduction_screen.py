"""What a person sees of a reduction: a bar on a terminal, a line for each smaller program elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from tensorsmith.fuzz.screen import clock

if TYPE_CHECKING:
    from tensorsmith.triage.search import Progress


class ReductionScreen(Protocol):
    """Where a reduction tells how far it is."""

    def update(self, progress: Progress) -> None:
        """The judge has run, or something smaller was found."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class ReductionLines:
    """A line whenever the program got smaller."""

    def __init__(self, console: Console, size: int, unit: str) -> None:
        self._console = console
        self._smallest = size
        self._unit = unit

    def update(self, progress: Progress) -> None:
        """Print a line if it did."""
        if progress.operators < self._smallest:
            self._smallest = progress.operators
            line = f"  {clock(progress.seconds)} {_size(progress, self._unit)}"
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Nothing to restore."""


class ReductionBar:
    """How much of the program is gone, with its size, the runs so far and what is tried."""

    def __init__(self, console: Console, size: int, unit: str) -> None:
        self._unit = unit
        # Without a refresh thread: what forks, forks safely.
        self._bar = Bar(
            TextColumn("{task.fields[clock]}"),
            BarColumn(),
            TextColumn("{task.fields[size]}, {task.description}"),
            console=console,
            auto_refresh=False,
            transient=True,
        )
        self._total = size
        self._task = self._bar.add_task("", total=max(1, size), clock=clock(0.0), size=f"{size} {unit}")
        self._bar.start()

    def update(self, progress: Progress) -> None:
        """Redraw."""
        self._bar.update(
            self._task,
            completed=self._total - progress.operators,
            description=f"trying {progress.reduction}",
            clock=clock(progress.seconds),
            size=_size(progress, self._unit),
            refresh=True,
        )

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()


def reduction_screen(console: Console, size: int, unit: str) -> ReductionScreen:
    """The screen that suits where the output goes, for a program of a size in `unit`."""
    return (ReductionBar if console.is_terminal else ReductionLines)(console, size, unit)


def _size(progress: Progress, unit: str) -> str:
    return f"{progress.operators} {unit} after {progress.calls} runs"
