"""One engine a campaign."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tensorsmith.corpus.errors import StoreError

FILE_NAME = "campaign.lock"


@contextmanager
def only_engine(directory: Path) -> Iterator[None]:
    """Hold a campaign for this process; the kernel lets go of it when the process dies, however it dies.

    It is a POSIX record lock, so forked children do not hold it. Closing the file anywhere in this process would give
    it up: take it once.

    Raises:
        StoreError: another process holds it (the message names its id), or the file cannot be written.
    """
    path = directory / FILE_NAME
    try:
        file = open(path, "a+")  # noqa: SIM115
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from error
    with file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise StoreError(
                f"{directory}: another tensorsmith (process {holder}) runs this campaign; "
                "wait for it, stop it, or name another directory"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
