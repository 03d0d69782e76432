"""The campaign's own copies of files of operators, so that it goes on as it began."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from tensorsmith.corpus.errors import StoreError
from tensorsmith.corpus.files import write_whole
from tensorsmith.corpus.settings import Settings
from tensorsmith.ir.errors import InvalidInputError

FOLDER = "operators"


def keep_operators(directory: Path, settings: Settings) -> Settings:
    """Copy the files of operators that lie elsewhere into a campaign's directory; the settings that name the copies.

    Raises:
        InvalidInputError: a file cannot be read.
        StoreError: the directory cannot be written.
    """
    kept = tuple(_keep(directory, Path(path)) if Path(path).is_absolute() else path for path in settings.operators)
    return msgspec.structs.replace(settings, operators=kept)


def _keep(directory: Path, path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path}: cannot be read: {error.strerror}") from error
    # Files of one name do not replace each other.
    name = f"{FOLDER}/{path.stem}-{hashlib.sha256(content).hexdigest()[:8]}.jsonl"
    try:
        (directory / FOLDER).mkdir(exist_ok=True)
        write_whole(directory / name, content)
    except OSError as error:
        raise StoreError(f"{directory / name}: cannot be written: {error.strerror}") from error
    return name
