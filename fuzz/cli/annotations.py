"""Workflow commands of GitHub Actions, which show on the page of a run and beside the files of a pull request."""

from __future__ import annotations

from typing import Literal

Level = Literal["error", "warning", "notice"]


def annotation(level: Level, file: str, title: str, message: str) -> str:
    """The line that makes an annotation; without a file it belongs to the run."""
    where = f"file={_property(file)}," if file else ""
    return f"::{level} {where}title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
