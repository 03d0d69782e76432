"""`tensorsmith fuzz`."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer
from rich.console import Console

from tensorsmith.corpus.findings import SHOWN, Finding
from tensorsmith.corpus.settings import FILE_NAME, Settings, available_cores, installed_versions, read_settings
from tensorsmith.corpus.store import Store, check_directory
from tensorsmith.fuzz.budget import Budget
from tensorsmith.fuzz.cli.annotations import annotation
from tensorsmith.fuzz.cli.findings import print_findings
from tensorsmith.fuzz.cli.options import (
    AnnotationsOption,
    CampaignArgument,
    ImportOption,
    KnownOption,
    MemoryOption,
    TestTimeoutOption,
    amount,
    import_first,
    seconds,
)
from tensorsmith.fuzz.schedules.registry import DEFAULT, SCHEDULES, find_schedule
from tensorsmith.fuzz.screen import finding_line, screen_for, statistics_table
from tensorsmith.fuzz.statistics import snapshot
from tensorsmith.ir.cases import Case, load
from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError, TensorsmithError
from tensorsmith.ir.testcase import Device
from tensorsmith.targets.isolation import Died, Limits, run_isolated
from tensorsmith.triage.known import known_beside

# Judging a program of TIR takes less than half a second, compiling it included; one that takes this long hangs.
TIR_TIME_LIMIT = 5.0
_CHECK_SECONDS = 300.0  # importing torch from a cold disk takes long


def fuzz(
    directory: CampaignArgument,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A compiler under test; may be given again.  [default: inductor]"),
    ] = None,
    time: Annotated[str | None, typer.Option(metavar="TIME", help="Run that much more: 90s, 10m, 2h.")] = None,
    tests: Annotated[int | None, typer.Option(min=1, help="Run that many tests more.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.  [default: one a core]")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Where randomness begins.  [default: drawn]")] = None,
    device: Annotated[Device | None, typer.Option(help="Where programs run.  [default: cpu]")] = None,
    size: Annotated[int | None, typer.Option(min=1, help="Operators of a random graph.  [default: 8]")] = None,
    coverage: Annotated[
        bool | None, typer.Option("--coverage/--no-coverage", help="Let coverage guide.  [default: --coverage]")
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"What is tested next: {', '.join(entry.name for entry in SCHEDULES)}.  [default: {DEFAULT}]",
        ),
    ] = None,
    engine: Annotated[Literal["local", "ray"], typer.Option(help="What runs the workers.")] = "local",
    imports: ImportOption = None,
    operators: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Operators that `ops learn` wrote; may be given again, DIR keeps a copy."),
    ] = None,
    seeds: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH", help="Tests to begin a new campaign with: a file, or a directory of `corpus distill`."
        ),
    ] = None,
    known: KnownOption = None,
    annotations: AnnotationsOption = False,
    test_timeout: TestTimeoutOption = None,
    memory: MemoryOption = None,
) -> None:
    """Run a campaign, or go on with one: DIR is made if need be, and an existing one keeps what is not given again.

    Without --time and --tests it runs until Ctrl-C. Exits with 1 if this run confirmed new findings.

    Example: tensorsmith fuzz campaigns/first --target inductor --time 10m
    """
    if engine == "ray":
        raise EnvironmentLacksError(
            "--engine ray: this version has the local engine only; the extra `tensorsmith[ray]` is reserved for it"
        )
    budget = Budget(None if time is None else seconds("--time", time), tests)
    given = {
        "targets": tuple(target) if target else None,
        "device": device,
        "seed": seed,
        "workers": workers,
        "size": size,
        "time_limit": None if test_timeout is None else seconds("--test-timeout", test_timeout),
        "memory_limit": None if memory is None else amount("--memory", memory),
        "coverage": coverage,
        "schedule": None if schedule is None else find_schedule(schedule).name,
        "imports": tuple(_lasting(name) for name in imports) if imports else None,
        "operators": tuple(str(path.resolve()) for path in operators) if operators else None,
        "known": tuple(str(path.resolve()) for path in known) if known else None,
    }
    check_directory(directory)
    settings = msgspec.structs.replace(
        _present_settings(directory),
        versions=installed_versions(),
        **{name: value for name, value in given.items() if value is not None},
    )
    given_cases = _seeds(directory, settings, seeds or ())
    known_beside(directory, settings.known)  # what is wrong with one is told before compilers are loaded
    kinds = _check(directory, settings)
    if test_timeout is None and kinds == {"tir"} and not (directory / FILE_NAME).exists():
        settings = msgspec.structs.replace(settings, time_limit=TIR_TIME_LIMIT)
    before = _reported(directory) if (directory / FILE_NAME).exists() else {}
    new = _run(directory, settings, budget, given_cases)
    with Store.open(directory) as store:
        print()
        Console().print(statistics_table(snapshot(store)), soft_wrap=True)
        print()
        print_findings(store, [finding for finding in store.findings() if finding.status in SHOWN])
    if annotations:
        for finding in _reported(directory).values():
            if finding.id not in before:
                print(_annotation(directory, finding))
    if new:
        raise typer.Exit(1)


def _reported(directory: Path) -> dict[str, Finding]:
    """The findings of a campaign that stand for themselves, by id: confirmed, and not known elsewhere."""
    with Store.open(directory) as store:
        return {finding.id: finding for finding in store.findings() if finding.status in ("confirmed", "flaky")}


def _annotation(directory: Path, finding: Finding) -> str:
    path = (directory / "findings" / finding.id / "testcase.json").absolute()
    file = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return annotation("error", file.as_posix(), f"new finding in {finding.target}", finding_line(finding))


def _lasting(name: str) -> str:
    """A module to import, or the path of a Python file, as it can be found from any directory."""
    return str(Path(name).resolve()) if name.endswith(".py") else name


def _present_settings(directory: Path) -> Settings:
    """The settings of the campaign if there is one, else those of a new one."""
    if (directory / FILE_NAME).exists():
        return read_settings(directory)
    return Settings(seed=secrets.randbelow(1 << 32), workers=available_cores())


def _seeds(directory: Path, settings: Settings, paths: Sequence[Path]) -> list[Case]:
    """The test cases that `--seeds` names.

    Raises:
        InvalidInputError: the campaign is no new one, or a test case cannot be read or is not for its targets.
    """
    if paths and (directory / FILE_NAME).exists():
        raise InvalidInputError(f"--seeds: {directory} is a campaign already, and seeds are what one begins with")
    found: list[Case] = []
    for path in paths:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise InvalidInputError(f"--seeds {path}: has no test cases (.json)")
        for file in files:
            case = load(file)
            if case.target not in settings.targets:
                raise InvalidInputError(f"--seeds {file}: for {case.target}, which the campaign does not test")
            found.append(case)
    return found


def _check(directory: Path, settings: Settings) -> set[str]:
    """Ask in a child process whether targets and operators can be had here: this one never loads a compiler.

    Returns:
        the kinds of programs that the targets compile.
    """
    answer = run_isolated(lambda: _asked(directory, settings), Limits(seconds=_CHECK_SECONDS))
    if isinstance(answer, Died):
        silent = "no message was left; may an --import exit?" if settings.imports else "no message was left"
        said = _last_line(answer.detail) or silent
        raise EnvironmentLacksError(f"asking the targets failed ({answer.cause}): {said}")
    exit_code, text = msgspec.json.decode(answer.payload, type=tuple[int, str])
    if exit_code:
        raise InvalidInputError(text) if exit_code == InvalidInputError.exit_code else EnvironmentLacksError(text)
    return set(text.split())


def _asked(directory: Path, settings: Settings) -> bytes:
    """An exit code with a complaint, or 0 with the kinds of programs that the targets compile."""
    from tensorsmith.generators.operator_file import read_operators
    from tensorsmith.targets.registry import usable_target

    try:
        import_first(settings.imports)
        for path in settings.operators:
            read_operators(directory / path)
        kinds = {usable_target(name, settings.device).programs for name in settings.targets}
    except TensorsmithError as error:
        return msgspec.json.encode((error.exit_code, str(error)))
    return msgspec.json.encode((0, " ".join(sorted(kinds))))


def _last_line(text: str) -> str:
    return text.strip().split("\n")[-1]


def _run(directory: Path, settings: Settings, budget: Budget, seeds: Sequence[Case]) -> int:
    """Run the campaign with a screen; returns how many findings are new."""
    from tensorsmith.fuzz.engine import run_campaign

    screen = screen_for(Console())
    try:
        screen.message(
            f"{directory}: {', '.join(settings.targets)} on {settings.device}, "
            f"{settings.workers} workers, seed {settings.seed}"
        )
        return run_campaign(directory, settings, budget, screen, seeds)
    finally:
        screen.close()
