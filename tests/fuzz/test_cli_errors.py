"""Bad input: one line that names it, on standard error, with the exit code that says whose fault it is."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from tensorsmith.fuzz import cli
from tensorsmith.ir.testcase import TestCase, encode


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ("status {empty}", 2, r"not a campaign directory \(no campaign.toml\)"),
        ("findings {empty}/missing --json", 2, "not a campaign directory"),
        ("show {empty} aa", 2, "not a campaign directory"),
        ("mark {empty} aa known", 2, "not a campaign directory"),
        ("show {campaign} ff", 2, "finding 'ff': there is none; `tensorsmith findings"),
        ("show {campaign} a", 2, "several findings begin with this"),
        ("mark {campaign} ff known", 2, "finding 'ff': there is none"),
        ("fuzz {empty}/new --tests 1 --target nonesuch", 2, "unknown target `nonesuch`; known targets: inductor"),
        ("fuzz {empty}/new --tests 1 --engine ray", 3, "--engine ray"),
        ("fuzz {empty}/new --time soon", 2, "--time: not a duration: 'soon'; write it as 90s, 10m or 2h"),
        ("fuzz {empty}/new --test-timeout 0s", 2, "--test-timeout: not a duration"),
        ("fuzz {empty}/new --memory lots", 2, "--memory: not an amount of memory: 'lots'; write it as 512M or 6G"),
        ("status {occupied}", 2, "{occupied}: not a directory, so no campaign can be there; name another one"),
        ("fuzz {occupied} --tests 1 --target aot_eager", 2, "{occupied}: not a directory"),
        (
            "fuzz {empty}/new --import {exits}",
            3,
            r"asking the targets failed \(exit\): no message was left; may an --im",
        ),
        ("fuzz {empty}/new --target eager --seeds {empty}", 2, "--seeds {empty}: has no test cases"),
        (
            "fuzz {empty}/new --target eager --seeds {good}",
            2,
            r"good\.json: for aot_eager, which the campaign",
        ),
        ("fuzz {campaign} --seeds {good}", 2, "is a campaign already, and seeds are what one begins with"),
        ("replay {empty}", 2, "neither a campaign nor a finding"),
        ("replay {empty}/none.json", 2, r"none\.json: cannot be read: No such file"),
        ("replay {truncated}", 2, r"truncated\.json: not a test case: Input data was truncated"),
        (
            "replay {unknown}",
            2,
            r"unknown\.json: unknown operator `aten\.nonesuch\.default`: torch .* has none of that name",
        ),
        ("reduce {unknown}", 2, r"unknown\.json: unknown operator `aten\.nonesuch\.default`"),
        ("report {unknown}", 2, r"unknown\.json: unknown operator `aten\.nonesuch\.default`"),
        ("replay {good} {truncated}", 2, r"truncated\.json: not a test case"),
        ("reduce {truncated}", 2, r"truncated\.json: not a test case"),
        ("reduce {empty}", 2, r"no finding, it has no testcase\.json"),
        ("report {empty}/model.py:f", 2, r"model\.py:f: no such file"),
        ("reduce ff --campaign {campaign}", 2, "finding 'ff': there is none"),
        ("report {truncated}", 2, r"truncated\.json: not a test case"),
        ("gen 3 --out {occupied}/sub", 2, "{occupied}/sub: cannot be written: Not a directory"),
        ("gen 3 --out {empty} --target nosuch", 2, "unknown target `nosuch`; known targets: inductor"),
        ("gen 3 --out {empty} --kind tir --target inductor", 2, "it compiles programs of another kind"),
    ],
)
def test_one_line(
    run: Any, tmp_path: Path, campaign: Path, good_case: TestCase, arguments: str, code: int, complaint: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "occupied").write_text("a file")
    (tmp_path / "good.json").write_bytes(encode(good_case))
    (tmp_path / "truncated.json").write_bytes(encode(good_case)[:100])
    (tmp_path / "unknown.json").write_bytes(encode(good_case).replace(b"aten.add.Tensor", b"aten.nonesuch.default"))
    (tmp_path / "exits.py").write_text("import os\nos._exit(4)\n")
    places = {
        "exits": tmp_path / "exits.py",
        "empty": tmp_path / "empty",
        "campaign": campaign,
        "occupied": tmp_path / "occupied",
        "truncated": tmp_path / "truncated.json",
        "unknown": tmp_path / "unknown.json",
        "good": tmp_path / "good.json",
    }
    complaint = complaint.format_map({name: re.escape(str(place)) for name, place in places.items()})

    ran = run(*(argument.format_map(places) for argument in arguments.split()))

    assert ran.code == code, ran.err
    assert re.search(f"^error: .*{complaint}", ran.err)
    assert ran.err.count("\n") == 1
    assert ran.out == ""
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    ["status", "fuzz x --tests 0", "fuzz x --device tpu", "mark x aa resolved", "gen 3", "gen 0 --out x", "juggle"],
)
def test_bad_usage_points_to_the_help(run: Any, arguments: str) -> None:
    ran = run(*arguments.split())
    assert ran.code == 2
    assert "Usage: tensorsmith" in ran.err
    assert "-h" in ran.err
    assert "Error: " in ran.err


def test_a_directory_with_other_things_is_left_alone(run: Any, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    ran = run("fuzz", tmp_path, "--tests", 1, "--target", "aot_eager")
    assert ran.code == 2
    assert f"error: {tmp_path}: not empty and not a campaign (it holds thesis.tex)" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_statistics_that_cannot_be_written_are_no_findings(run: Any, campaign: Path, tmp_path: Path) -> None:
    (campaign / "stats.jsonl").mkdir()
    ran = run("fuzz", campaign, "--tests", 1, "--workers", 1)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {campaign / 'stats.jsonl'}: cannot be written: Is a directory; what was found")
    assert ran.err.count("\n") == 1


def test_a_fault_of_tensorsmith_is_no_finding(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = typer.Typer()

    @faulty.command()
    def fail() -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(cli, "app", faulty)
    ran = run()
    assert ran.code == 70
    assert "Traceback" in ran.err
    assert "ZeroDivisionError: planted" in ran.err
