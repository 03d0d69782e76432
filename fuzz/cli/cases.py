"""From what a person names to test cases: files, directories of findings, campaigns, their own code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from tensorsmith.corpus.findings import SHOWN, Status
from tensorsmith.corpus.settings import FILE_NAME as CAMPAIGN_FILE
from tensorsmith.corpus.settings import read_settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.cli.options import import_first
from tensorsmith.ir.cases import Case
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.known import KnownBug, known_beside
from tensorsmith.triage.signature import Signature, signature_when_judged

CASE_FILE = "testcase.json"
VERDICT_FILE = "verdict.json"


class ReplayItem(msgspec.Struct, frozen=True):
    """A test case to be judged again: the failure that it is known for, its status and where it is discussed, as far as
    they are known, and the registry of known bugs that holds for it."""

    path: Path
    case: Case
    verdict: Verdict | None = None
    expected: Signature | None = None
    status: Status | None = None
    link: str = ""
    bugs: tuple[KnownBug, ...] = ()


def named_case(text: str, campaign: Path | None, target: str | None, inputs: Sequence[str] = ()) -> Case:
    """The test case that CASE names, for another target if one is given; what its campaign imports is imported.

    `inputs` are those of `--input`, which take the place of a program's example inputs.

    Raises:
        InvalidInputError: it names nothing, what it names cannot be read, or an import fails.
        GraphError: it is a program that cannot become a test case.
        EnvironmentLacksError: a package that reads such files is not installed.
    """
    if campaign is not None:
        with Store.open(campaign) as store:
            text = str(store.finding_directory(store.finding(text).id))

    _import_as_campaign(Path(text))

    from tensorsmith.triage.cases import load_case

    case = load_case(text, target, inputs=inputs)
    _check_target(text, case)
    return case


def _check_target(text: str, case: Case) -> None:
    from tensorsmith.targets.registry import find_target

    if find_target(case.target).programs != ("tir" if isinstance(case, TirCase) else "graph"):
        program, other = "a graph of operators", "functions of TIR"
        if isinstance(case, TirCase):
            program, other = "a function of TIR", "graphs of operators"
        raise InvalidInputError(f"{text}: is {program}, and target `{case.target}` compiles {other}")


def campaign_of(text: str, campaign: Path | None) -> Path | None:
    """The campaign that CASE is from, if one is given or CASE is the directory of a finding in one."""
    return campaign if campaign is not None else _campaign(Path(text))


def replay_items(path: Path, bugs: tuple[KnownBug, ...] = ()) -> list[ReplayItem]:
    """The test cases of a campaign's findings, of the directory of a finding, of several or of test-case files, or of
    such a file.

    What the campaign imports is imported. The registry is that of the campaign, or the `known.toml` beside the folder
    `findings`, and `bugs`.

    Raises:
        InvalidInputError: it is none of these, a file in it is damaged, or an import fails.
    """
    if (path / CAMPAIGN_FILE).exists():
        with Store.open(path) as store:
            import_first(store.settings.imports)
            shown = [finding for finding in store.findings() if finding.status in SHOWN]
            registry = (*bugs, *known_beside(path, store.settings.known))
            return [_item(store.finding_directory(one.id), one.status, one.link, registry) for one in shown]
    from tensorsmith.triage.inputs.stored import stored_case

    if path.is_dir():
        if (path / CASE_FILE).exists():
            return [finding_item(path, bugs)]
        items = [finding_item(case.parent, bugs) for case in sorted(path.glob(f"*/{CASE_FILE}"))]
        if items:
            return [item for item in items if item.status is None or item.status in SHOWN]
        files = sorted(path.glob("*.json"))
        if not files:
            raise InvalidInputError(
                f"{path}: neither a campaign nor a finding nor a folder of some (no {CAMPAIGN_FILE}, no {CASE_FILE}), "
                "and has no test cases"
            )
        return [ReplayItem(file, stored_case(file), bugs=bugs) for file in files]

    return [ReplayItem(path, stored_case(path), bugs=bugs)]


def finding_item(directory: Path, bugs: tuple[KnownBug, ...] = ()) -> ReplayItem:
    """The test case in the directory of a finding, as `replay_items` gives it.

    Raises:
        InvalidInputError: a file in it is damaged, or an import fails.
    """
    _import_as_campaign(directory)
    status, link = _status(directory)
    return _item(directory, status, link, (*bugs, *_known_of(directory)))


def _item(directory: Path, status: Status | None, link: str, bugs: tuple[KnownBug, ...]) -> ReplayItem:
    from tensorsmith.triage.inputs.stored import stored_case

    case = stored_case(directory / CASE_FILE)
    path = directory / VERDICT_FILE
    if not path.exists():
        return ReplayItem(directory, case, status=status, link=link, bugs=bugs)
    try:
        verdict = msgspec.json.decode(path.read_bytes(), type=Verdict)
        expected = signature_when_judged(case, verdict)
    except OSError as error:
        raise InvalidInputError(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidInputError(f"{path}: not the verdict of a failure: {error}") from error
    return ReplayItem(directory, case, verdict, expected, status, link, bugs)


def _campaign(directory: Path) -> Path | None:
    """The campaign that the directory of a finding lies in; None if it was copied elsewhere."""
    campaign = directory.absolute().parent.parent
    inside = directory.absolute().parent.name == "findings" and (campaign / CAMPAIGN_FILE).exists()
    return campaign if inside else None


def _import_as_campaign(directory: Path) -> None:
    campaign = _campaign(directory)
    if campaign is not None:
        import_first(read_settings(campaign).imports)


def _status(directory: Path) -> tuple[Status | None, str]:
    """Status and link of a finding whose directory lies in its campaign; None if it was copied elsewhere."""
    campaign = _campaign(directory)
    if campaign is None:
        return None, ""
    with Store.open(campaign) as store:
        return next(
            ((f.status, f.link) for f in store.every_finding() if f.id == directory.absolute().name), (None, "")
        )


def _known_of(directory: Path) -> tuple[KnownBug, ...]:
    """The registry of the campaign that a finding lies in, or that beside the folder `findings` it was copied to."""
    campaign = _campaign(directory)
    if campaign is not None:
        return known_beside(campaign, read_settings(campaign).known)
    return known_beside(directory.absolute().parent.parent) if directory.absolute().parent.name == "findings" else ()
