"""A campaign keeps copies of the files of operators that it was given."""

from pathlib import Path

import pytest

from tensorsmith.corpus.operator_files import keep_operators
from tensorsmith.corpus.settings import Settings
from tensorsmith.ir.errors import InvalidInputError


def test_files_are_copied_once_and_found_when_the_originals_are_gone(tmp_path: Path) -> None:
    directory = tmp_path / "campaign"
    directory.mkdir()
    originals = [tmp_path / name / "own.jsonl" for name in ("a", "b")]
    for number, path in enumerate(originals):
        path.parent.mkdir()
        path.write_text(f"content {number}\n")

    settings = keep_operators(directory, Settings(operators=tuple(map(str, originals))))
    for path in originals:
        path.unlink()

    assert [(directory / path).read_text() for path in settings.operators] == ["content 0\n", "content 1\n"]
    assert not any(Path(path).is_absolute() for path in settings.operators)
    assert keep_operators(directory, settings) == settings


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"none\.jsonl: cannot be read: No such file"):
        keep_operators(tmp_path, Settings(operators=(str(tmp_path / "none.jsonl"),)))
    assert list(tmp_path.iterdir()) == []
