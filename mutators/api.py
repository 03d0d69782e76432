"""What a mutator is: a function from a test case to another."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from tensorsmith.ir.testcase import TestCase

# Gets a test case, a donor (another of the corpus, for those that combine two) and the source of all its choices.
# Returns another test case, or None if it found nothing to do.
Mutate: TypeAlias = Callable[[TestCase, TestCase, random.Random], TestCase | None]


# What of a test case a mutator changes.
Change: TypeAlias = Literal["program", "pipeline"]


class MutatorEntry(msgspec.Struct, frozen=True):
    """A mutator: its name, what it does in one line, the function that does it, and what of a test case it changes."""

    name: str
    summary: str
    mutate: Mutate
    changes: Change = "program"
