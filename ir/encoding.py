"""The number that every encoding carries, so that a file of another version is refused with a clear line."""

from __future__ import annotations

import msgspec

from tensorsmith.ir.errors import InvalidInputError


class _Format(msgspec.Struct):
    format: int | None = None


def format_of(data: bytes) -> int | None:
    """The format that encoded data says it has; None if it says none, or is no JSON object."""
    try:
        return msgspec.json.decode(data, type=_Format).format
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def check_format(found: int | None, known: int, source: str) -> None:
    """Refuse another format than the known one; `source` names the data.

    Raises:
        InvalidInputError: the format is another one.
    """
    if found not in (None, known):
        raise InvalidInputError(
            f"{source}: field `format`: this tensorsmith reads format {known}, the file has {found}; "
            "use the tensorsmith version that wrote it"
        )
