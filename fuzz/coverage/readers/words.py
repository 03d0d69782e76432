"""Features in words, such as `fired tirx.UnrollLoop`, by their kind."""

from __future__ import annotations

import re

import numpy as np

from tensorsmith.fuzz.coverage.readers.api import Layout, Seen

# The first that a feature matches.
_KINDS = (
    ("passes that changed the program", re.compile(r"fired \S+$")),
    ("passes that changed it, one after the other", re.compile(r"fired \S+ then ")),
    ("passes that changed it, with a dtype", re.compile(r"fired \S+ with ")),
    ("what passes add", re.compile(r"\S+ adds ")),
    ("what passes remove", re.compile(r"\S+ removes ")),
    ("lowerings", re.compile(r"lowered ")),
    ("decompositions", re.compile(r"decomposed ")),
    ("patterns", re.compile(r"pattern ")),
    ("fusions", re.compile(r"fused ")),
    ("fusions declined", re.compile(r"not fused")),
    ("calls in kernels", re.compile(r"calls |pragma ")),
    ("steps in order", re.compile(r"\S+ then \S+$")),
    ("knobs", re.compile(r"knob ")),
)
_OTHER = "other"


class WordsReader:
    """Reads what any observer names."""

    def reads(self, seen: Seen) -> bool:
        """See Reader."""
        return bool(seen.names)

    def layout(self, seen: Seen) -> Layout:
        """See Reader."""
        groups = (*(kind for kind, _ in _KINDS), _OTHER)
        items = [seen.names.get(number, "") for number in range(max(seen.names) + 1)]
        kinds = [_kind(name) for name in items]
        return Layout(
            "words",
            "features",
            groups,
            np.array(kinds, np.int32),
            tuple(items),
            np.arange(len(items), dtype=np.int32),
            whole=False,
        )


def _kind(name: str) -> int:
    return next((at for at, (_, pattern) in enumerate(_KINDS) if pattern.match(name)), len(_KINDS))
