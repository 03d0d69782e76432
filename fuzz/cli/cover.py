"""`tensorsmith cover`: what a campaign covered of the compilers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tensorsmith.corpus.files import write_named
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.cli.options import CampaignArgument
from tensorsmith.fuzz.cli.output import print_json, print_table
from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError

if TYPE_CHECKING:
    from pyroaring import BitMap

    from tensorsmith.fuzz.coverage.difference import GroupDifference, ObserverDifference
    from tensorsmith.fuzz.coverage.first_tests import FirstTest
    from tensorsmith.fuzz.coverage.readers.api import Layout
    from tensorsmith.fuzz.coverage.seen import Read
    from tensorsmith.fuzz.coverage.summary import Group, ObserverSummary

# Rows of a table, and names in a row, without --all.
ROWS = 20
NAMES = 3


def cover(
    directory: CampaignArgument,
    all_: Annotated[bool, typer.Option("--all", help=f"All rows of tables, not the first {ROWS}.")] = False,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JSON; - is standard output.")] = None,
    lcov: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write an LCOV trace file: C++ functions of known files, Python lines."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a data file of coverage.py: Python lines.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write HTML by coverage.py: Python lines.")
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="Which test first reached a file, function or feature of that name."),
    ] = None,
    diff: Annotated[
        Path | None, typer.Option(metavar="OTHER", help="What only one of DIR and the campaign OTHER reached.")
    ] = None,
) -> None:
    """Show what a campaign covered of the compilers: C++ code by source file, Python lines, and what passes did.

    Source files of C++ code are known where a function or its neighbours name one, which is of about a quarter; lines
    are not. PATTERN is the end of a path, the name of a function or feature, a part of one, or has * and ? in it.

    Example: tensorsmith cover campaigns/first

    Example: tensorsmith cover campaigns/first --owner simplify.cc

    Example: tensorsmith cover campaigns/first --diff campaigns/second --json diff.json

    Example: tensorsmith cover campaigns/first --lcov first.info --html first-html
    """
    if owner is not None and diff is not None:
        raise InvalidInputError("--owner and --diff ask different questions; give one of them")
    if (owner is not None or diff is not None) and (lcov or data or html):
        raise InvalidInputError("--lcov, --data and --html are of the whole campaign; leave --owner and --diff out")
    from tensorsmith.fuzz.coverage.seen import all_seen, read

    with Store.open(directory) as store:
        seen = all_seen(store)
        if diff is not None:
            from tensorsmith.fuzz.coverage.difference import difference

            with Store.open(diff) as other:
                differences = difference(seen, all_seen(other))
            _answer(json, differences, lambda: _print_differences(differences, directory, diff, all_))
            return
        reads = [read(one) for one in seen.values()]
        if owner is not None:
            _answer_owner(store, reads, owner, json, all_)
            return
        if lcov is not None:
            _write_lcov(lcov, store, reads)
        if data is not None or html is not None:
            _write_python(data, html, reads)
    from tensorsmith.fuzz.coverage.summary import summarize

    summaries = [summarize(one) for one in reads]
    _answer(json, summaries, lambda: _print_summaries(summaries, all_))


def _answer(json: Path | None, value: Any, print_it: Callable[[], None]) -> None:
    """Print or write the answer: JSON to standard output alone, or tables, and JSON to a file beside them."""
    if json is not None and str(json) == "-":
        print_json(value)
        return
    if json is not None:
        write_named(json, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    print_it()


def _answer_owner(store: Store, reads: Sequence[Read], pattern: str, json: Path | None, every: bool) -> None:
    from tensorsmith.fuzz.coverage.first_tests import first_tests

    found = [first for one in reads for first in first_tests(store, one, pattern)]
    notices = [one.notice for one in reads if one.notice]
    if not found:
        if notices:
            raise EnvironmentLacksError("; ".join(notices))
        raise InvalidInputError(
            f"{pattern}: no source file, function or feature of that name; `tensorsmith cover {store.directory} --all` "
            "lists what there is"
        )
    _say(notices)
    _answer(json, found, lambda: _print_first_tests(found, every))


def _print_first_tests(found: Sequence[FirstTest], every: bool) -> None:
    columns = ("place", "first test", "kept", "more by", "file")
    reached = [one for one in found if one.test is not None]
    rows = [
        (one.place, (one.test or "")[:12], _when(one.added), str(one.others), one.path or "(not kept)")
        for one in reached
    ]
    if rows:
        _print_rows(columns, rows, every)
    if len(found) > len(reached):
        names = [one.place for one in found if one.test is None]
        shown = names if every else names[:NAMES]
        more = f" and {len(names) - len(shown)} more (--all)" if len(names) > len(shown) else ""
        print(f"no test reached {', '.join(shown)}{more}")


def _when(added: float | None) -> str:
    return "" if added is None else datetime.fromtimestamp(added).isoformat(" ", "seconds")


def _write_lcov(path: Path, store: Store, reads: Sequence[Read]) -> None:
    from tensorsmith.fuzz.coverage.lcov import lcov
    from tensorsmith.fuzz.coverage.seen import tests_of_items

    some = [one for one in reads if one.layout is not None and one.layout.form != "words"]
    notices = [one.notice for one in reads if one.notice]
    if not some:
        raise EnvironmentLacksError(
            f"--lcov: the campaign has neither C++ functions nor Python lines that can be read here"
            f"{': ' if notices else ''}{'; '.join(notices)}"
        )
    text = ""
    for one in some:
        assert one.layout is not None
        text += lcov(one.layout, tests_of_items(store, one.seen.observer, one.layout))
    write_named(path, text.encode())


def _write_python(data: Path | None, html: Path | None, reads: Iterable[Read]) -> None:
    from tensorsmith.fuzz.coverage.coverage_py import write_data, write_html

    lines: list[tuple[Layout, BitMap]] = [
        (one.layout, one.seen.features) for one in reads if one.layout is not None and one.layout.form == "lines"
    ]
    if not lines:
        notices = "; ".join(one.notice for one in reads if one.notice)
        raise InvalidInputError(
            f"--data, --html: no observer of this campaign saw lines of Python code{': ' if notices else ''}{notices}"
        )
    if data is not None:
        write_data(data, lines)
    if html is not None:
        write_html(html, lines)


def _print_summaries(summaries: Sequence[ObserverSummary], every: bool) -> None:
    for position, one in enumerate(summaries):
        print("\n" * (position > 0) + _headline(one))
        if one.notice:
            print(f"  {one.notice}")
        elif one.form == "words":
            _print_rows(("kind", "reached", "such as"), [_words_row(group, every) for group in one.groups], every)
        elif one.form == "lines":
            _print_rows(("file", "lines"), [(group.name, str(group.parts)) for group in one.groups], every)
        else:
            columns = ("file", "functions", one.parts, "share")
            rows = [(group.name, str(group.items), str(group.parts), _percent(group)) for group in one.groups]
            _print_rows(columns, rows, every)


def _headline(one: ObserverSummary) -> str:
    share = "" if not one.total.total else f" ({one.total.reached / one.total.total:.1%})"
    functions = f", functions {one.items}" if one.form == "functions" else ""
    return f"{one.observer}: {one.parts} {one.total}{share}{functions}{f'; {one.build}' if one.build else ''}"


def _percent(group: Group) -> str:
    return f"{group.parts.reached / group.parts.total:.1%}" if group.parts.total else ""


def _words_row(group: Group, every: bool) -> tuple[str, str, str]:
    names = [item.name for item in group.reached]
    shown = names if every else names[:NAMES]
    return group.name, str(group.parts), "; ".join(shown) + (" ..." if len(shown) < len(names) else "")


def _print_differences(differences: Sequence[ObserverDifference], here: Path, there: Path, every: bool) -> None:
    for position, one in enumerate(differences):
        print(
            "\n" * (position > 0)
            + f"{one.observer}: {one.parts} in both {one.both}, only {here} {one.here}, only {there} {one.there}"
        )
        if one.notice:
            print(f"  {one.notice}")
        if not one.groups:
            continue
        rows = [_difference_row(group, every) for group in one.groups]
        names = {"functions": "functions", "lines": "lines"}.get(one.form, "features")
        columns = ("file" if one.form != "words" else "kind", f"{one.parts} here", f"{one.parts} there", names)
        _print_rows(columns, rows, every)


def _difference_row(group: GroupDifference, every: bool) -> tuple[str, str, str, str]:
    sides = []
    for label, only in (("here", group.here), ("there", group.there)):
        shown = only.items if every else only.items[:NAMES]
        more = f" and {len(only.items) - len(shown)} more" if len(only.items) > len(shown) else ""
        if shown:
            sides.append(f"{label}: {'; '.join(shown)}{more}")
    return group.name, str(group.here.parts), str(group.there.parts), " | ".join(sides)


def _print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]], every: bool) -> None:
    print_table(columns, rows if every else rows[:ROWS])
    if not every and len(rows) > ROWS:
        print(f"{len(rows) - ROWS} more (--all)")


def _say(notices: Iterable[str]) -> None:
    for notice in notices:
        print(f"note: {notice}", file=sys.stderr)
