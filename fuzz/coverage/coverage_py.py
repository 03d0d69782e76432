"""Lines of Python files in the formats of coverage.py, which its own commands and many services read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pyroaring import BitMap

from tensorsmith.corpus.errors import StoreError
from tensorsmith.fuzz.coverage.readers.api import Layout
from tensorsmith.fuzz.coverage.readers.lines import source_path
from tensorsmith.ir.errors import EnvironmentLacksError


def write_data(path: Path, reached: Iterable[tuple[Layout, BitMap]]) -> None:
    """Write a data file in place of what is there.

    Args:
        path: of the file.
        reached: layouts of lines, and the features of each that were reached.

    Raises:
        EnvironmentLacksError: coverage.py is not installed, or a file that was covered is not.
        StoreError: the file cannot be written.
    """
    lines: dict[str, list[int]] = {}
    for layout, features in reached:
        numbers: dict[str, list[int]] = {}
        for feature in features:
            file = layout.groups[layout.group[feature]]
            numbers.setdefault(file, []).append(int(layout.items[layout.item[feature]]))
        for file, found in numbers.items():
            lines.setdefault(str(source_path(file)), []).extend(found)
    library = _library()
    try:
        path.unlink(missing_ok=True)
        data = library.CoverageData(basename=str(path))
        data.add_lines(lines)
        data.write()
    except (OSError, library.CoverageException) as error:
        raise StoreError(f"{path}: cannot be written: {error}") from error


def write_html(folder: Path, reached: Iterable[tuple[Layout, BitMap]]) -> None:
    """Write pages that show the covered files, `index.html` first. Arguments and errors are those of `write_data`."""
    library = _library()
    with tempfile.TemporaryDirectory(prefix="tensorsmith-") as scratch:
        data = Path(scratch) / "coverage"
        write_data(data, reached)
        report = library.Coverage(data_file=str(data), config_file=False)
        report.load()
        try:
            report.html_report(directory=str(folder))
        except (OSError, library.CoverageException) as error:
            raise StoreError(f"{folder}: cannot be written: {error}") from error


def _library() -> Any:
    try:
        import coverage
    except ImportError:
        raise EnvironmentLacksError(
            "coverage.py, which writes these files, is not installed: pip install 'tensorsmith[coverage]'"
        ) from None
    return coverage
