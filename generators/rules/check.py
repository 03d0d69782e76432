"""Checks the rule book against the installed PyTorch: `python -m tensorsmith.generators.rules.check [OP...]`.

Asks about fresh calls of each operator. A rule that admits much more that is rejected, or excludes much more that is
accepted, than its entry says is wrong, or was inferred for another version. Exit code 1 if there is one,
2 if there is no such operator.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from math import sqrt

from tensorsmith.generators.rules.ask import Answer, ask, ask_out
from tensorsmith.generators.rules.book import Entry, shipped_book, unknown_arguments
from tensorsmith.generators.rules.learn import answers_of, measure, views
from tensorsmith.generators.rules.rule import parse_rule
from tensorsmith.generators.table import OperatorEntry, entry_of, load_table
from tensorsmith.ir.errors import InvalidInputError, TensorsmithError

QUESTIONS = 300
SEED = 7
# How many standard deviations of the share that was counted a share may be off.
_DEVIATIONS = 4.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Check the given operators, or all; on `sys.argv` if no arguments are given. Exits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ops", metavar="OP", nargs="*", help="full names such as aten.add.Tensor; all if none is given")
    try:
        wrong = _count_wrong(parser.parse_args(arguments).ops or [entry.op for entry in load_table()])
    except TensorsmithError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    sys.exit(1 if wrong else 0)


def _count_wrong(names: Sequence[str]) -> int:
    checked = [(_book_entry(name), entry_of(name)) for name in names]
    wrong = 0
    for entry, operator in checked:
        problem = rule_problem(entry, operator)
        if problem is not None:
            wrong += 1
            print(f"{entry.op}: {problem}")
    print(f"{len(names)} rules checked, {wrong} wrong")
    return wrong


def _book_entry(name: str) -> Entry:
    entry = shipped_book().get(name)
    if entry is None:
        raise InvalidInputError(f"unknown operator `{name}`: the rule book has none of that name")
    return entry


def rule_problem(entry: Entry, operator: OperatorEntry, questions: int = QUESTIONS) -> str | None:
    """What is wrong with a rule, or None: its arguments, or its precision or recall on fresh calls, are others."""
    unknown = unknown_arguments(entry)
    if unknown:
        return f"it speaks of arguments that the operator does not have: {', '.join(unknown)}"
    rule = parse_rule(entry.rule)
    twin = entry_of(operator.out_of) if operator.out_of else operator
    answers = _answers(operator, twin, questions)
    precision, recall = measure(twin.op, rule, answers)
    admitted = sum(rule.holds(view) for view in views(twin.op, answers))
    accepted = sum(answer.accepted for answer in answers)
    if not answers:
        return "it could not be asked about any call"
    if accepted and not admitted:
        return f"it admits none of {accepted} calls that are accepted"
    if precision < entry.precision - _slack(entry.precision, admitted):
        return f"of {admitted} calls that it admits {precision:.0%} are accepted, its entry says {entry.precision:.0%}"
    if recall < entry.recall - _slack(entry.recall, accepted):
        return f"of {accepted} accepted calls it admits {recall:.0%}, its entry says {entry.recall:.0%}"
    return None


def _answers(operator: OperatorEntry, twin: OperatorEntry, questions: int) -> list[Answer]:
    """Answers about calls of an operator; those of an `out=` variant are made from its twin's."""
    indices = frozenset(twin.bounds)
    answers = answers_of(twin.op, ask(twin.op, twin.records, indices, questions, SEED))
    if not operator.out_of:
        return answers
    return answers_of(operator.op, ask_out(operator.op, twin.op, answers, indices))


def _slack(share: float, count: int) -> float:
    # A share near 1 that was counted may be 0.97 as well.
    likely = min(share, 0.97)
    return _DEVIATIONS * sqrt(likely * (1 - likely) / max(count, 1)) + 0.03


if __name__ == "__main__":
    main()
