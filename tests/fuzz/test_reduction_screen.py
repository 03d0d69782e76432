"""What a reduction shows: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import io

from rich.console import Console

from tensorsmith.fuzz.cli.reduction_screen import reduction_screen
from tensorsmith.triage.search import Progress


def shown(terminal: bool) -> str:
    file = io.StringIO()
    screen = reduction_screen(Console(file=file, force_terminal=terminal, width=100), 40, "operators")
    for calls, operators in ((1, 40), (2, 20), (3, 20), (4, 7)):
        screen.update(Progress("chunks", calls, operators, 61.0))
    screen.close()
    return file.getvalue()


def test_elsewhere_there_is_a_line_for_each_smaller_program() -> None:
    assert shown(terminal=False).splitlines() == [
        "  1:01 20 operators after 2 runs",
        "  1:01 7 operators after 4 runs",
    ]


def test_on_a_terminal_there_is_a_bar_with_size_and_runs() -> None:
    text = shown(terminal=True)
    for part in ("20 operators after 3 runs, trying chunks", "7 operators after 4 runs", "━"):
        assert part in text
    assert text.rstrip().endswith("\x1b[2K"), "the bar is taken away"
