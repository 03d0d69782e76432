"""Writes the rule book: `python -m tensorsmith.generators.rules.learn [FILE]`.

For every operator of the table it asks eager PyTorch about calls near the recorded ones, infers a rule, and measures
it on further calls. Deterministic; what a stopped run has learned is in `FILE.part` and is not asked again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import torch

from tensorsmith.generators.bounds import named_arguments
from tensorsmith.generators.data_files import BOOK, own_name
from tensorsmith.generators.rules.ask import Answer, Asked, ask, ask_out
from tensorsmith.generators.rules.book import SHARP_PRECISION, Entry
from tensorsmith.generators.rules.candidates import Sample
from tensorsmith.generators.rules.infer import infer
from tensorsmith.generators.rules.rule import Rule, parse_rule
from tensorsmith.generators.rules.terms import View
from tensorsmith.generators.rules.unfinished import Run, take_up
from tensorsmith.generators.table import OperatorEntry, entry_of, load_table
from tensorsmith.ir.errors import TensorsmithError

QUESTIONS = 1200
HELD_OUT = 600
PROCESSES = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the rule book; on `sys.argv` if no arguments are given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    own = Path(__file__).parent.parent / "data" / own_name(BOOK)
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        type=Path,
        default=own,
        help="that of the installed torch's minor version if not given",
    )
    target: Path = parser.parse_args(arguments).file
    try:
        written = write_book(target, load_table())
    except TensorsmithError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    good = sum(entry.precision >= SHARP_PRECISION for entry in written)
    print(f"{target.name}: {len(written)} operators, {good} with a held-out precision of at least {SHARP_PRECISION}")


def write_book(target: Path, table: Sequence[OperatorEntry]) -> list[Entry]:
    """Learn the rules of operators and write them to a file, in their order; goes on where a run was stopped.

    Raises:
        InvalidInputError: a stopped run left a file of which a line is no rule.
    """
    part = target.with_name(target.name + ".part")
    known = take_up(part, Run.of(table, QUESTIONS, HELD_OUT))
    with multiprocessing.Pool(PROCESSES) as pool, part.open("ab") as out:

        def learn(learned: Iterable[Entry]) -> None:
            for entry in learned:
                known[entry.op] = entry
                out.write(msgspec.json.encode(entry) + b"\n")
                out.flush()
                if len(known) % 100 == 0:
                    print(f"{len(known)} of {len(table)} operators", file=sys.stderr)

        left = [entry for entry in table if entry.op not in known]
        learn(pool.imap_unordered(learn_rule, [entry for entry in left if not entry.out_of], chunksize=4))
        variants = [(entry.op, known[entry.out_of]) for entry in left if entry.out_of]
        learn(pool.imap_unordered(_measure_variant, variants, chunksize=4))
    written = [known[entry.op] for entry in table]
    target.write_bytes(b"".join(msgspec.json.encode(entry) + b"\n" for entry in written))
    part.unlink()
    return written


def learn_rule(entry: OperatorEntry) -> Entry:
    """Ask about an operator, infer its rule and measure it."""
    torch.set_num_threads(1)
    answers, held_out = _asked(entry)
    rule = infer(Sample(entry.op, views(entry.op, answers), np.array([a.accepted for a in answers], dtype=bool)))
    # What is measured is what will be read.
    return _entry(entry.op, parse_rule(rule.texts()), entry.op, answers, held_out)


def learn_variant(op: str, twin: Entry) -> Entry:
    """An `out=` variant has its twin's rule, and answers of its own about the calls that the twin was asked about."""
    torch.set_num_threads(1)
    entry = entry_of(twin.op)
    indices = frozenset(entry.bounds)
    answers, held_out = (answers_of(op, ask_out(op, twin.op, asked, indices)) for asked in _asked(entry))
    return _entry(op, parse_rule(twin.rule), twin.op, answers, held_out)


def _asked(entry: OperatorEntry) -> tuple[list[Answer], list[Answer]]:
    """Answers to infer a rule from, and others to measure it on."""
    indices = frozenset(entry.bounds)
    answers = answers_of(entry.op, ask(entry.op, entry.records, indices, QUESTIONS))
    seen = {answer.record for answer in answers}
    further = answers_of(entry.op, ask(entry.op, entry.records, indices, HELD_OUT, seed=1))
    return answers, [answer for answer in further if answer.record not in seen]


def answers_of(op: str, asked: Asked) -> list[Answer]:
    """The answers; that there would have been more if the operator had not ended it goes to standard error."""
    if asked.died_of:
        print(f"{op}: asking ended after {len(asked.answers)} answers: {asked.died_of}", file=sys.stderr)
    return asked.answers


def _entry(op: str, rule: Rule, called_as: str, answers: Sequence[Answer], held_out: Sequence[Answer]) -> Entry:
    """The entry of an operator whose answers are about calls of `called_as`: itself, or the one it is a variant of."""
    precision, recall = measure(called_as, rule, held_out)
    accepts = sum(answer.accepted for answer in answers)
    return Entry(
        op=op,
        rule=rule.texts(),
        accepts=accepts,
        rejects=len(answers) - accepts,
        precision=round(precision, 3),
        recall=round(recall, 3),
        held_out=len(held_out),
    )


def _measure_variant(variant: tuple[str, Entry]) -> Entry:
    return learn_variant(*variant)


def measure(op: str, rule: Rule, answers: Sequence[Answer]) -> tuple[float, float]:
    """Precision and recall of a rule on calls; 0 where there are no calls to say, so that nothing passes unmeasured."""
    admitted = [rule.holds(view) for view in views(op, answers)]
    right = sum(a.accepted and admits for a, admits in zip(answers, admitted, strict=True))
    accepted = sum(a.accepted for a in answers)
    return right / max(sum(admitted), 1), right / max(accepted, 1)


def views(op: str, answers: Sequence[Answer]) -> list[View]:
    """The calls of answers as rules see them."""
    return [View(named_arguments(op, a.record), dict(enumerate(a.record.tensors))) for a in answers]


if __name__ == "__main__":
    main()
