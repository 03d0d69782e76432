"""The readers there are. A new one is a file and a line here; the first that knows an observer reads it."""

from __future__ import annotations

from tensorsmith.fuzz.coverage.readers.api import Layout, Reader, Seen
from tensorsmith.fuzz.coverage.readers.lines import LinesReader
from tensorsmith.fuzz.coverage.readers.native import NativeReader
from tensorsmith.fuzz.coverage.readers.words import WordsReader
from tensorsmith.ir.errors import EnvironmentLacksError

READERS: tuple[Reader, ...] = (NativeReader(), LinesReader(), WordsReader())


def layout_of(seen: Seen) -> Layout:
    """Where the features of an observer belong.

    Raises:
        EnvironmentLacksError: no reader knows the observer, or it cannot be read here; says why.
    """
    for reader in READERS:
        if reader.reads(seen):
            return reader.layout(seen)
    raise EnvironmentLacksError(f"{seen.observer}: it numbers features, and nothing here knows what they are")
