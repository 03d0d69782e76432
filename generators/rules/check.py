"""Checks the rule book against the installed PyTorch: `python -m tensorsmith.generators.rules.check [OP...]`.

Asks about fresh calls of each operator. A rule that admits much more that is rejected, or excludes much more that is
accepted, than its entry says is wrong, or was inferred for another version. Exit code 1 if there is one.
"""

from __future__ import annotations

import sys
from math import sqrt

from tensorsmith.generators.rules.ask import ask
from tensorsmith.generators.rules.book import Entry, shipped_book
from tensorsmith.generators.rules.learn import measure, views
from tensorsmith.generators.rules.rule import parse_rule
from tensorsmith.generators.table import OperatorEntry, entry_of, load_table
from tensorsmith.ir.errors import InvalidInputError

QUESTIONS = 300
SEED = 7
# How many standard deviations of the share that was counted a share may be off.
_DEVIATIONS = 4.0


def main() -> None:
    """Check the given operators, or all."""
    names = sys.argv[1:] or [entry.op for entry in load_table()]
    wrong = 0
    for name in names:
        entry = shipped_book().get(name)
        if entry is None:
            raise InvalidInputError(f"the rule book has no operator `{name}`")
        problem = rule_problem(entry, entry_of(name))
        if problem is not None:
            wrong += 1
            print(f"{name}: {problem}")
    print(f"{len(names)} rules checked, {wrong} wrong")
    sys.exit(1 if wrong else 0)


def rule_problem(entry: Entry, operator: OperatorEntry, questions: int = QUESTIONS) -> str | None:
    """What is wrong with a rule, or None: its precision or recall on fresh calls is not what its entry says."""
    rule = parse_rule(entry.rule)
    answers = ask(operator.op, operator.records, frozenset(operator.bounds), questions, SEED)
    precision, recall = measure(operator.op, rule, answers)
    admitted = sum(rule.holds(view) for view in views(operator.op, answers))
    accepted = sum(answer.accepted for answer in answers)
    if accepted and not admitted:
        return f"it admits none of {accepted} calls that are accepted"
    if precision < entry.precision - _slack(entry.precision, admitted):
        return f"of {admitted} calls that it admits {precision:.0%} are accepted, its entry says {entry.precision:.0%}"
    if recall < entry.recall - _slack(entry.recall, accepted):
        return f"of {accepted} accepted calls it admits {recall:.0%}, its entry says {entry.recall:.0%}"
    return None


def _slack(share: float, count: int) -> float:
    # A share near 1 that was counted may be 0.97 as well.
    likely = min(share, 0.97)
    return _DEVIATIONS * sqrt(likely * (1 - likely) / max(count, 1)) + 0.03


if __name__ == "__main__":
    main()
