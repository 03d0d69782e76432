"""What a campaign has covered so far, on disk for the workers that it hires: what is old news needs no breakpoints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from pyroaring import BitMap

FILE_NAME = "covered"


def write_covered(folder: Path, covered: Mapping[str, BitMap]) -> None:
    """Leave what is covered, by observer, in a folder; whoever reads meanwhile gets what was there before."""
    new = folder / f"{FILE_NAME}.new"
    new.write_bytes(msgspec.msgpack.encode({name: features.serialize() for name, features in covered.items()}))
    new.replace(folder / FILE_NAME)


def read_covered(folder: Path) -> dict[str, BitMap]:
    """What was left in a folder, by observer; nothing if nothing was."""
    path = folder / FILE_NAME
    if not path.exists():
        return {}
    blobs = msgspec.msgpack.decode(path.read_bytes(), type=dict[str, bytes])
    return {name: BitMap.deserialize(blob) for name, blob in blobs.items()}
