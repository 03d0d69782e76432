"""Inference: the fewest and simplest predicates that all accepted calls satisfy and the rejected ones do not.

The candidates are those that no accepted call contradicts (as Houdini does for invariants: Flanagan and Leino, FME
2001); of them a cover of the rejected calls is chosen greedily, so that what is implied by what was chosen is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tensorsmith.generators.rules.candidates import Mask, Sample, candidates
from tensorsmith.generators.rules.predicates import Member, Named, Predicate, word_of
from tensorsmith.generators.rules.rule import Clause, Rule
from tensorsmith.generators.rules.terms import Term
from tensorsmith.ir.dtypes import COMMON

MOST_CLAUSES = 24
# A clause must exclude so many rejected calls that no other does: fewer are chance.
FEWEST_EXCLUDED = 2
FEWEST_GUARDED = 4
# Accepted calls under a guard without which nothing is believed.
FEWEST_KNOWN = 12
_MOST_GUARDS = 16


@dataclass(frozen=True)
class _Candidate:
    clause: Clause
    excluded: Mask


def infer(sample: Sample) -> Rule:
    """The rule of an operator from a sample of its calls."""
    rejected = ~sample.accepted
    chosen: list[Clause] = []
    left = rejected.copy()
    for pool in (_plain(sample), _guarded(sample)):
        if left.sum() < FEWEST_EXCLUDED:
            break
        found = [c for c in pool if (c.excluded & left).any()]
        while found and len(chosen) < MOST_CLAUSES:
            gains = [(int((c.excluded & left).sum()) / (0.5 + c.clause.cost), -c.clause.cost, c) for c in found]
            best = max(gains, key=lambda g: (g[0], g[1], str(g[2].clause)))[2]
            if (best.excluded & left).sum() < (FEWEST_EXCLUDED if best.clause.guard is None else FEWEST_GUARDED):
                break
            chosen.append(best.clause)
            left &= ~best.excluded
            found = [c for c in found if (c.excluded & left).any()]
    return Rule(tuple(_necessary(sample, chosen)))


def _plain(sample: Sample) -> list[_Candidate]:
    everywhere = np.ones(len(sample.views), bool)
    return [_Candidate(Clause(None, p), ~mask) for p, mask in candidates(sample, everywhere)]


def _guarded(sample: Sample) -> list[_Candidate]:
    found: list[_Candidate] = []
    for guard in list(_guards(sample))[:_MOST_GUARDS]:
        among = np.fromiter((Clause(guard, guard).applies(view) for view in sample.views), bool, len(sample.views))
        if (sample.accepted & among).sum() < FEWEST_KNOWN or not (~sample.accepted & among).any():
            continue
        for predicate, mask in candidates(sample, among):
            excluded = among & ~mask
            if excluded.any() and not _beside_the_point(guard, predicate):
                found.append(_Candidate(Clause(guard, predicate), excluded))
    return found


def _guards(sample: Sample) -> Iterator[Member | Named]:
    """Conditions under which an operator may have other rules: a word, a rank, a flag, how long a list is."""
    slots = sample.slots
    for name in slots.words:
        words = {word_of(view, name) for view, known in zip(sample.views, sample.accepted, strict=True) if known}
        if not words & {*COMMON}:
            yield from (Named(name, (word,), False) for word in sorted(words - {None}, key=str) if word)
    terms = [Term("rank", n) for n in (*slots.tensors, *slots.lists)[:3]]
    terms += [Term("value", n) for n in slots.flags] + [Term("len", n) for n in slots.integer_lists[:2]]
    for term in terms:
        column = sample.column(term)
        seen = np.unique(column[sample.accepted & ~np.isnan(column)])
        if len(seen) > 1:
            yield from (Member(term, (float(n),)) for n in seen)


def _beside_the_point(guard: Member | Named, predicate: Predicate) -> bool:
    """Whether a clause says nothing (about the guard itself) or what only chance can say: dtypes by rank."""
    if isinstance(guard, Named):
        return predicate == guard
    return getattr(predicate, "term", None) == guard.term or (isinstance(predicate, Named) and predicate.of_tensor)


def _necessary(sample: Sample, chosen: list[Clause]) -> list[Clause]:
    """The clauses without those that the ones chosen later made superfluous."""
    masks = {clause: ~sample.holds(clause) & ~sample.accepted for clause in chosen}
    kept = list(chosen)
    for clause in chosen:
        others = [masks[c] for c in kept if c is not clause]
        rest = np.logical_or.reduce(others) if others else np.zeros(len(sample.views), bool)
        if not (masks[clause] & ~rest).any():
            kept.remove(clause)
    return kept
