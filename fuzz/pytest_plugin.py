"""The pytest plug-in: `findings/*/testcase.json` are tests, each judged in a fresh process.

A finding that fails as it did, or as a registry of known bugs tells, is an expected failure; one that passes now is
reported as XPASS; what fails otherwise is a failure, and what says nothing is skipped. It means what `tensorsmith
replay` means.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# pytest loads this file in whatever project it is installed beside: it imports the rest only when there are findings.
if TYPE_CHECKING:
    from tensorsmith.fuzz.cli.cases import ReplayItem
    from tensorsmith.ir.testcase import Device

_FOLDER = "findings"
_FILE = "testcase.json"


class FailsAsKnown(Exception):
    """The failure that was expected."""


class FailsAnew(Exception):
    """A failure that nobody knows of, or that was said to be fixed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of this plug-in."""
    group = parser.getgroup("tensorsmith", "findings of tensorsmith (findings/*/testcase.json)")
    group.addoption(
        "--tensorsmith-known",
        metavar="FILE",
        action="append",
        default=[],
        help="A registry of known bugs, which are expected to fail; may be given again.",
    )
    group.addoption(
        "--tensorsmith-import",
        metavar="MODULE",
        action="append",
        default=[],
        help="Import a module or .py file first, which may register a backend.",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect test cases of findings."""
    if file_path.name != _FILE or file_path.parent.parent.name != _FOLDER:
        return None
    return FindingFile.from_parent(parent, path=file_path)


class FindingFile(pytest.File):
    """The test case of a finding."""

    def collect(self) -> Iterator[FindingItem]:
        """One test; none of what is no finding of its campaign: it waits to be confirmed, or did not fail again."""
        from tensorsmith.corpus.findings import SHOWN
        from tensorsmith.fuzz.cli.cases import finding_item
        from tensorsmith.fuzz.cli.options import import_first
        from tensorsmith.ir.errors import TensorsmithError
        from tensorsmith.triage.known import read_all_known

        try:
            import_first(self.config.getoption("--tensorsmith-import"))
            files = [self.config.invocation_params.dir / name for name in self.config.getoption("--tensorsmith-known")]
            finding = finding_item(self.path.parent, read_all_known(files))
        except TensorsmithError as error:
            raise self.CollectError(str(error)) from error
        if finding.status is None or finding.status in SHOWN:
            yield FindingItem.from_parent(self, name=self.path.parent.name, finding=finding)


class FindingItem(pytest.Item):
    """A finding that is judged again."""

    def __init__(self, *, finding: ReplayItem, **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]
        self._finding = finding
        if finding.verdict is not None and finding.status != "fixed":
            reason = f"known: {finding.link}" if finding.link else "a finding"
            # Not strict, whatever the project's default is: that a bug is fixed breaks no build.
            self.add_marker(pytest.mark.xfail(raises=FailsAsKnown, strict=False, reason=reason))

    def runtest(self) -> None:
        """Judge the test case and compare with what is known.

        Raises:
            FailsAsKnown: it fails as it was known to.
            FailsAnew: it fails, and nothing says that it would.
        """
        from tensorsmith.fuzz.cli.replayed import headline, replayed, what_happened
        from tensorsmith.ir.errors import EnvironmentLacksError
        from tensorsmith.targets.isolation import Limits
        from tensorsmith.triage.replay import replay_case

        finding = self._finding
        try:
            _make_ready(finding.case.target, finding.case.device)
        except EnvironmentLacksError as error:
            pytest.skip(str(error))
        one = replayed(finding, replay_case(finding.case, finding.expected, Limits()), 0.0)
        said = f"{headline(one)}: {what_happened(one)}".rstrip(": ")
        if one.failure:
            raise FailsAnew(said)
        if one.status in ("failing", "changed"):
            if one.status == "changed" or finding.verdict is None or finding.status == "fixed":
                pytest.xfail(said)
            raise FailsAsKnown(said)
        if one.status in ("invalid", "unsupported"):
            pytest.skip(said)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str | object:  # type: ignore[override]
        """The one line that matters: where the failure rose is in another process."""
        if isinstance(excinfo.value, (FailsAsKnown, FailsAnew)):
            return f"{self.path.parent}: {excinfo.value}"
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """How pytest names it."""
        return self.path, None, f"finding {self.name}"


@cache
def _make_ready(target: str, device: Device) -> None:
    from tensorsmith.fuzz.cli.judging import make_ready

    make_ready(target, device)
