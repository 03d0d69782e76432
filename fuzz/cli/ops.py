"""`tensorsmith ops`: the operators that programs are made of, what a campaign hit of them, and learning further."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tensorsmith.corpus.files import write_named
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.cli.options import ImportOption, JsonOption, import_first
from tensorsmith.fuzz.cli.output import print_json, print_table
from tensorsmith.fuzz.learn_messages import Answer, Order
from tensorsmith.ir.errors import InvalidInputError

if TYPE_CHECKING:
    from tensorsmith.fuzz.operator_coverage import Coverage

app = typer.Typer(rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def ops(
    context: typer.Context,
    coverage: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Show what a campaign hit of them, and what never.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the operators that random programs are made of, and with --json those left out too, with the reason.

    Example: tensorsmith ops --coverage campaigns/first --json
    """
    if context.invoked_subcommand is not None:
        if coverage is not None or json:
            raise InvalidInputError(f"ops {context.invoked_subcommand} takes neither --coverage nor --json")
        return
    if coverage is not None:
        from tensorsmith.fuzz.operator_coverage import summary

        covered = _coverage(coverage)
        if json:
            print_json({"summary": summary(covered), "operators": covered})
        else:
            _print_coverage(covered)
    elif json:
        print_json(list(_rows()))
    else:
        _list()


@app.command()
def learn(
    script: Annotated[Path, typer.Argument(metavar="SCRIPT.py", help="A Python script that calls operators.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where they go.  [default: SCRIPT.operators.jsonl]")
    ] = None,
    imports: ImportOption = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Learn from what a script did before it failed, too.")
    ] = False,
) -> None:
    """Run a script, record the operator calls that it makes, and learn those operators, a user's own ones included.

    `tensorsmith fuzz DIR --operators FILE` then makes programs of them; those of a user's own need --import there too.

    Example: tensorsmith ops learn model.py --out model.operators.jsonl
    """
    if not script.is_file():
        raise InvalidInputError(f"{script}: no such file")
    target = out or Path(f"{script.stem}.operators.jsonl")
    with tempfile.TemporaryDirectory(prefix="tensorsmith-") as scratch:
        order = Order(
            script=str(script.resolve()),
            imports=tuple(imports or ()),
            partial=partial,
            answer=f"{scratch}/answer.json",
            operators=f"{scratch}/operators.jsonl",
            trace=f"{scratch}/trace",
        )
        answer = _obey(order, script)
        operators = Path(order.operators).read_bytes() if answer.rows else b""
    made = f"{answer.calls} calls of {answer.operators} operators"
    if answer.failure and not answer.rows:
        kept = f" ({made} were recorded before; --partial learns from those)" if answer.calls else ""
        raise InvalidInputError(f"{script}: {answer.failure}{kept}")
    if not answer.calls:
        raise InvalidInputError(f"{script}: made no operator calls, so there is nothing to learn")
    columns = ("operator", "calls kept", "precision", "recall", "left out because")
    shares = [[f"{share:.3f}" if share is not None else "-" for share in (r.precision, r.recall)] for r in answer.rows]
    rows = zip(answer.rows, shares, strict=True)
    print_table(columns, ((r.op, str(r.records), *numbers, r.left_out) for r, numbers in rows))
    if answer.failure:
        print(f"{script}: {answer.failure}; learned from the {made} before", file=sys.stderr)
    if not operators:
        raise InvalidInputError(f"{script}: none of the {answer.operators} operators that it calls can be used")
    write_named(target, operators)
    own = any(not row.op.startswith("aten.") and not row.left_out for row in answer.rows)
    registers = "".join(f" --import {name}" for name in imports or ((script,) if own else ()))
    print(f"{target}: {len(operators.splitlines())} operators; tensorsmith fuzz DIR --operators {target}{registers}")


def _obey(order: Order, script: Path) -> Answer:
    """Have a process of its own do it.

    Raises:
        InvalidInputError: the script ended that process.
    """
    command = [sys.executable, "-m", "tensorsmith.fuzz.learn_script", msgspec.json.encode(order).decode()]
    code = subprocess.run(command, check=False).returncode
    try:
        return msgspec.json.decode(Path(order.answer).read_bytes(), type=Answer)
    except FileNotFoundError:
        trace = Path(order.trace)
        calls = trace.stat().st_size if trace.exists() else 0
        how = f"died of {signal.Signals(-code).name}" if code < 0 else f"ended the process with {code}"
        raise InvalidInputError(f"{script}: it {how} ({calls} calls were recorded before)") from None


def _coverage(directory: Path) -> tuple[Coverage, ...]:
    """What a campaign hit of each operator."""
    with Store.open(directory) as store:
        counts, settings = store.choices(), store.settings
    if counts is None:
        raise InvalidInputError(f"{directory}: this campaign counted no argument choices; fuzz it on, and it will")

    from tensorsmith.fuzz.operator_coverage import coverage
    from tensorsmith.generators.in_use import use_operators
    from tensorsmith.generators.operator_file import read_operators

    import_first(settings.imports)
    for path in settings.operators:
        use_operators(read_operators(directory / path))
    return coverage(counts)


def _print_coverage(covered: tuple[Coverage, ...]) -> None:
    from tensorsmith.fuzz.operator_coverage import choices_share, dtypes_share, summary
    from tensorsmith.generators.rules.book import SHARP_PRECISION

    total = summary(covered)
    columns = ("operator", "calls", "dtypes", "choices", "never hit")
    print_table(
        columns,
        ((one.op, str(one.calls), str(dtypes_share(one)), str(choices_share(one)), _never(one)) for one in covered),
    )
    print()
    for name, share in (
        ("overloads", total.overloads),
        ("operators, whatever the overload", total.operators),
        (f"overloads with a rule of precision {SHARP_PRECISION} or more", total.sharp_overloads),
        ("operators with such an overload", total.sharp_operators),
        ("dtypes, of each overload", total.dtypes),
        ("argument choices, of each overload", total.choices),
    ):
        print(f"{share.hit} of {share.possible} {name}: {100 * share.hit / max(share.possible, 1):.1f} % hit")


def _never(one: Coverage) -> str:
    """What was never hit of an operator: dtypes, then choices by argument."""
    if not one.calls:
        return "all of it"
    dtypes = " ".join(dtype for dtype, hits in one.dtypes.items() if not hits)
    by_argument: dict[str, list[str]] = {"": [dtypes] if dtypes else []}
    for choice in one.never:
        by_argument.setdefault(choice.argument, []).append(choice.value)
    return "; ".join(
        (f"{argument}: " if argument else "") + ", ".join(values) for argument, values in by_argument.items() if values
    )


def _list() -> None:
    from tensorsmith.generators.in_use import book_in_use
    from tensorsmith.generators.left_out import left_out
    from tensorsmith.generators.table import load_table

    _print_notice()
    book = book_in_use()

    def shares(op: str) -> tuple[str, str]:
        rule = book.get(op)
        return ("-", "-") if rule is None else (f"{rule.precision:.3f}", f"{rule.recall:.3f}")

    entries = load_table()
    print_table(
        ("operator", "group", "calls seen", "precision", "recall", "dtypes"),
        ((e.op, e.group, str(len(e.records)), *shares(e.op), " ".join(e.dtypes)) for e in entries),
    )
    reasons = Counter(reason for _, reason in left_out())
    print(f"\n{len(entries)} operators; {reasons.total()} are left out (--json has the reason of each):")
    print(", ".join(f"{reason} {count}" for reason, count in reasons.most_common()))


def _print_notice() -> None:
    from tensorsmith.generators.table import table_notice

    notice = table_notice()
    if notice:
        print(notice, file=sys.stderr)


def _rows() -> Iterator[dict[str, Any]]:
    from tensorsmith.generators.left_out import left_out
    from tensorsmith.generators.table import load_table

    _print_notice()
    for entry in load_table():
        yield _row(entry.op, len(entry.records), None)
    for op, reason in left_out():
        yield _row(op, 0, reason)


def _row(op: str, records: int, reason_excluded: str | None) -> dict[str, Any]:
    """`accepts` and `rejects` count calls that the rule was inferred from; without a rule, recorded calls that work."""
    from tensorsmith.generators.in_use import book_in_use

    name, _, overload = op.rpartition(".")
    rule = book_in_use().get(op)
    return {
        "name": name,
        "overload": overload,
        "rule": None if rule is None else rule.rule,
        "precision": None if rule is None else rule.precision,
        "recall": None if rule is None else rule.recall,
        "accepts": records if rule is None else rule.accepts,
        "rejects": None if rule is None else rule.rejects,
        "reason_excluded": reason_excluded,
    }
