"""Which build of a compiler an observer watches: what was seen of another build says nothing of this one."""

from __future__ import annotations

import msgspec


class Watched(msgspec.Struct, frozen=True):
    """An observer at work.

    Attributes:
        observer: its name.
        build: of the compilers that it watches.
        family: what its name begins with whatever the build, if the name says the build; such an observer numbers its
            features. Empty for others.
    """

    observer: str
    build: str
    family: str = ""
