"""A rule: the clauses that a call of an operator has to satisfy, and how well they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tensorsmith.generators.rules.mentions import arguments_of
from tensorsmith.generators.rules.parse import parse_predicate
from tensorsmith.generators.rules.predicates import Bounded, Member, Named, Predicate, word_of
from tensorsmith.generators.rules.terms import Term, View, evaluate
from tensorsmith.ir.errors import InvalidInputError

_THEN = " => "


@dataclass(frozen=True, slots=True)
class Clause:
    """A predicate, or one that counts only where a term is one of a few numbers: `rank(x) in {2} => x[0] == y[0]`."""

    guard: Member | Named | None
    predicate: Predicate

    @property
    def cost(self) -> float:
        """How complex it is."""
        return self.predicate.cost + (0.0 if self.guard is None else 0.8)

    def holds(self, view: View) -> bool:
        """Whether a call satisfies it."""
        return (self.guard is not None and not self.applies(view)) or self.predicate.holds(view)

    def applies(self, view: View) -> bool:
        """Whether a call is one that it is about."""
        if isinstance(self.guard, Named):
            return word_of(view, self.guard.argument) in self.guard.words
        return self.guard is None or evaluate(self.guard.term, view) in self.guard.numbers

    def __str__(self) -> str:
        return f"{self.predicate}" if self.guard is None else f"{self.guard}{_THEN}{self.predicate}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A conjunction of clauses."""

    clauses: tuple[Clause, ...] = ()

    def holds(self, view: View) -> bool:
        """Whether a call satisfies all of it."""
        return all(clause.holds(view) for clause in self.clauses)

    def broken(self, view: View) -> Clause | None:
        """The first clause that a call does not satisfy."""
        for clause in self.clauses:
            if not clause.holds(view):
                return clause
        return None

    def about(self, tensor: str) -> tuple[Clause, ...]:
        """The clauses that speak of nothing but the type of one tensor argument."""
        return tuple(c for c in self.clauses if c.guard is None and _speaks_of(c.predicate) == tensor)

    def arguments(self) -> frozenset[str]:
        """The names of the arguments that it speaks of."""
        guards = (clause.guard for clause in self.clauses if clause.guard is not None)
        return frozenset().union(*map(arguments_of, (*guards, *(clause.predicate for clause in self.clauses))))

    def texts(self) -> tuple[str, ...]:
        """The text form, a line a clause."""
        return tuple(map(str, self.clauses))


def _speaks_of(predicate: Predicate) -> str | None:
    match predicate:
        case Bounded(Term("rank" | "dims" | "numel" | "size", tensor)) | Member(
            Term("rank" | "dims" | "numel" | "size", tensor)
        ):
            return tensor
        case Named(tensor, _, True):
            return tensor
    return None


def parse_rule(texts: Sequence[str]) -> Rule:
    """The rule that texts mean.

    Raises:
        InvalidInputError: one of them means no clause.
    """
    clauses: list[Clause] = []
    for text in texts:
        guard_text, arrow, rest = text.partition(_THEN)
        if not arrow:
            clauses.append(Clause(None, parse_predicate(text)))
            continue
        guard = parse_predicate(guard_text)
        if not isinstance(guard, (Member, Named)):
            raise InvalidInputError(f"`{guard_text}` is no condition of a clause")
        clauses.append(Clause(guard, parse_predicate(rest)))
    return Rule(tuple(clauses))
