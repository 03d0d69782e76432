"""The workflow files in docs/workflows: YAML that a runner takes, with commands that tensorsmith takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from tensorsmith.fuzz.budget import parse_seconds
from tensorsmith.fuzz.cli import app
from tensorsmith.triage.known import read_known

DOCS = Path(__file__).parents[2] / "docs"
FILES = sorted((DOCS / "workflows").glob("*.yml"))
COMMANDS = {"nightly.yml": 4, "pull-request.yml": 1, "replay.yml": 1}


def steps(path: Path) -> list[dict[str, Any]]:
    workflow = yaml.safe_load(path.read_text())
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def command_lines(path: Path) -> Iterator[list[str]]:
    """The arguments of each call of tensorsmith in a workflow, its expressions replaced."""
    for step in steps(path):
        script = re.sub(r"\$\{\{.*?\}\}", "1", step.get("run", "")).replace("\\\n", " ")
        for line in script.splitlines():
            words: list[str] = []
            for word in [*shlex.shlex(line, posix=True, punctuation_chars=True), ";"]:
                if set(word) <= set(";|&"):
                    if words[:1] == ["tensorsmith"]:
                        yield words[1:]
                    words = []
                else:
                    words.append(word)


def accept(arguments: list[str]) -> dict[str, Any]:
    """What the parser makes of a command line; it raises for what it does not take."""
    group: Any = typer.main.get_command(app)
    with group.make_context("tensorsmith", list(arguments)) as context:
        name, command, rest = group.resolve_command(context, [arguments[0], *arguments[1:]])
        parsed: dict[str, Any] = command.make_context(name, rest, parent=context).params
    return parsed


def test_every_workflow_is_there() -> None:
    assert {path.name for path in FILES} == COMMANDS.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_runner_takes_it(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    # YAML 1.1 reads the key `on` as true.
    assert workflow.keys() >= {"name", True, "permissions", "jobs"}
    for job in workflow["jobs"].values():
        assert {"runs-on", "steps", "timeout-minutes"} <= job.keys()
    for step in steps(path):
        assert ("run" in step) != ("uses" in step)
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z/-]+@v\d+", step["uses"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_tensorsmith_takes_every_command_line(path: Path) -> None:
    lines = list(command_lines(path))
    assert len(lines) == COMMANDS[path.name]
    for arguments in lines:
        parsed = accept(arguments)
        time = parsed.get("time") or parsed.get("time_")
        assert time is None or parse_seconds(time) > 0


def test_a_command_line_that_tensorsmith_does_not_take_is_told() -> None:
    for arguments in (["replay", "x", "--no-such-option"], ["replay"], ["no-such-command"]):
        with pytest.raises(Exception, match=r"[Nn]o such|Missing"):
            accept(arguments)


def test_the_registry_in_the_documentation_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (DOCS / "ci.md").read_text(), re.DOTALL)
    (tmp_path / "known.toml").write_text(block)
    assert len(read_known(tmp_path / "known.toml")) == 3
