"""LCOV trace files, of what is known: functions without their lines, or lines.

The format is that of geninfo(1), in which names of functions end at a comma, so they have semicolons here. Where a
function begins is not known of a library without debugging information, so its line is given as 0. The count of a
function or line is the number of tests that are known to reach it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tensorsmith.fuzz.coverage.readers.api import Layout
from tensorsmith.fuzz.coverage.readers.lines import source_path
from tensorsmith.fuzz.coverage.seen import Positions


def lcov(layout: Layout, tests: Positions) -> str:
    """The records of all source files that are known and have something in them that was reached.

    Args:
        layout: of functions or of lines; of words there is nothing to write.
        tests: int64[items], by how many tests each item is reached.

    Raises:
        EnvironmentLacksError: a Python file is not installed here.
    """
    return "".join(_records(layout, tests))


def _records(layout: Layout, tests: Positions) -> Iterator[str]:
    of_item = layout.group_of_item()
    for group in np.unique(of_item[tests > 0]).tolist():
        file = layout.groups[group]
        if not file or layout.form == "words":
            continue
        items = np.flatnonzero(of_item == group).tolist()
        if layout.form == "functions":
            yield _functions(file, [(layout.items[item], int(tests[item])) for item in items])
        else:
            yield _lines(str(source_path(file)), sorted((int(layout.items[item]), int(tests[item])) for item in items))


def _functions(file: str, functions: list[tuple[str, int]]) -> str:
    functions = [(name.replace(",", ";"), count) for name, count in functions]
    lines = [f"TN:\nSF:{file}"]
    lines += [f"FN:0,{name}" for name, _ in functions]
    lines += [f"FNDA:{count},{name}" for name, count in functions]
    reached = sum(count > 0 for _, count in functions)
    return "\n".join((*lines, f"FNF:{len(functions)}", f"FNH:{reached}", "end_of_record\n"))


def _lines(file: str, lines: list[tuple[int, int]]) -> str:
    rows = [f"TN:\nSF:{file}", *(f"DA:{line},{count}" for line, count in lines)]
    return "\n".join((*rows, f"LF:{len(lines)}", f"LH:{sum(count > 0 for _, count in lines)}", "end_of_record\n"))
