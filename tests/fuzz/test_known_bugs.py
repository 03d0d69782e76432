"""A campaign goes on past what the registry of known bugs tells, and steers away from it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.alarms import Alarms
from tensorsmith.fuzz.messages import Triaged
from tensorsmith.fuzz.screen import PlainScreen
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.known import KnownBug
from tests.triage.programs import chain

ERROR = Verdict("fail", "differential", kind="error", exception="E", message="cannot lower amin", frames=("a.py:f",))
WRONG = Verdict("fail", "differential", kind="wrong-result", channel="values", message="output 0 differs")
LINK = "https://example.org/1"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "campaign", Settings(seed=7))


def alarms_of(store: Store, *registry: KnownBug) -> Alarms:
    return Alarms(store, PlainScreen(Console(file=io.StringIO())), 2.0, 1 << 30, registry)


def triage(alarms: Alarms, case: TestCase) -> None:
    """Settle the next alarm as a reduced case that fails again."""
    order = alarms.next()
    assert order is not None
    alarms.settle(Triaged(order.id, case, order.verdict, 2, 2, repro="print(1)", report="# It fails", repro_runs=True))


def test_what_an_entry_tells_by_its_message_is_counted_and_not_triaged(store: Store) -> None:
    entry = KnownBug(message="lower amin", link=LINK)
    alarms = alarms_of(store, entry)
    for ops in (("sin", "cos"), ("abs",)):
        alarms.hear(chain(*ops), ERROR)
    assert alarms.next() is None
    alarms.hear(chain("sin"), msgspec.structs.replace(ERROR, message="cannot lower amax"))
    assert alarms.next() is not None
    known, new = store.findings()
    assert (known.id, known.status, known.link, known.seen) == (f"known-{entry.id}", "known", LINK, 2)
    assert (new.status, alarms.confirmed) == ("new", 0)
    assert alarms.weights() == {}, "which operator of an unreduced program is guilty is not known"


def test_what_an_entry_tells_by_operators_is_known_once_it_is_reduced(store: Store) -> None:
    alarms = alarms_of(store, KnownBug(kind="wrong-result", operators=("aten.cos.*",), link=LINK))
    alarms.hear(chain("sin", "cos", "abs"), WRONG)
    triage(alarms, chain("cos"))
    alarms.hear(chain("cos", "abs"), WRONG)
    assert alarms.next() is None
    (finding,) = store.findings()
    assert (finding.status, finding.link, finding.seen, alarms.confirmed) == ("known", LINK, 2, 0)
    assert alarms.weights()["aten.cos.default"] < 1

    # Another bug in a program that has the operator too.
    alarms.hear(chain("sin", "tan"), WRONG)
    triage(alarms, chain("tan"))
    assert sorted(finding.status for finding in store.findings()) == ["confirmed", "known"]
    assert alarms.confirmed == 1


def test_registered_operators_are_drawn_less_often_before_they_fail(store: Store) -> None:
    entry = KnownBug(operators=("aten.cos.default",))
    assert alarms_of(store, entry).weights()["aten.cos.default"] < 1
    assert alarms_of(store, msgspec.structs.replace(entry, fixed_in="torch 2.0")).weights() == {}


def test_an_entry_that_is_new_marks_what_was_found_before(store: Store) -> None:
    alarms = alarms_of(store)
    alarms.hear(chain("sin", "cos"), WRONG)
    triage(alarms, chain("cos"))
    alarms.hear(chain("sin"), ERROR)
    assert [finding.status for finding in store.findings()] == ["confirmed", "new"]

    entries = KnownBug(operators=("aten.cos.default",), link=LINK), KnownBug(message="amin")
    resumed = alarms_of(store, *entries)
    assert resumed.next() is None
    assert [(finding.id[:6], finding.status, finding.link) for finding in store.findings()][1:] == [
        ("known-", "known", "")
    ]
    assert (store.findings()[0].status, store.findings()[0].link) == ("known", LINK)


def test_a_bug_that_the_installed_release_is_said_not_to_have_is_new_when_it_is_met(store: Store) -> None:
    entry = KnownBug(operators=("aten.cos.default",), link=LINK)
    alarms = alarms_of(store, entry)
    alarms.hear(chain("cos"), WRONG)
    triage(alarms, chain("cos"))
    assert [finding.status for finding in store.findings()] == ["known"]

    upgraded = alarms_of(store, msgspec.structs.replace(entry, fixed_in="torch 2.0"))
    assert [finding.status for finding in store.findings()] == ["fixed"]
    upgraded.hear(chain("cos", "abs"), WRONG)
    triage(upgraded, chain("cos"))
    assert [finding.status for finding in store.findings()] == ["confirmed"]
    assert upgraded.confirmed == 1


def test_a_bad_registry_is_told_before_anything_is_made(run: Any, tmp_path: Path) -> None:
    (tmp_path / "bugs.toml").write_text("[[bug]]\nlink = 'x'\n")
    ran = run("fuzz", tmp_path / "campaign", "--target", "eager", "--tests", 1, "--known", tmp_path / "bugs.toml")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {tmp_path}/bugs.toml: bug 1: tells no failure; give at least one of target")
    assert not (tmp_path / "campaign").exists()


# A backend that compiles nothing, so that every test of a campaign fails in one way.
BROKEN = """
from torch._dynamo import register_backend

@register_backend(name="broken_for_known")
def broken(module, inputs):
    raise RuntimeError("there is no rule for anything")
"""


@pytest.mark.slow
def test_a_campaign_reports_what_is_not_registered_and_replay_agrees(tmp_path: Path) -> None:
    plugin, bugs, campaign = tmp_path / "broken.py", tmp_path / "bugs.toml", tmp_path / "campaign"
    plugin.write_text(BROKEN)
    bugs.write_text(f'[[bug]]\nmessage = "no rule for anything"\nlink = "{LINK}"\n')

    def tensorsmith(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tensorsmith.fuzz", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=250, cwd=tmp_path)

    target = ["--target", "torch:broken_for_known", "--import", plugin, "--workers", 1, "--seed", 2, "--size", 2]
    known = tensorsmith("fuzz", campaign, *target, "--tests", 4, "--known", "bugs.toml", "--annotations")
    assert known.returncode == 0, known.stdout + known.stderr
    assert "::error" not in known.stdout
    with Store.open(campaign) as store:
        assert store.settings.known == (str(bugs),)
        (finding,) = store.findings()
        assert (finding.status, finding.link) == ("known", LINK)
        assert finding.seen > 1
    again = tensorsmith("replay", campaign)
    assert (again.returncode, again.stdout.split(" /")[0]) == (0, f"failing (was known; known: {LINK})"), again.stderr

    bugs.write_text("")
    other = tmp_path / "other"
    new = tensorsmith("fuzz", other, *target, "--tests", 4, "--known", "bugs.toml", "--annotations")
    assert new.returncode == 1, new.stdout + new.stderr
    (line,) = (line for line in new.stdout.splitlines() if line.startswith("::"))
    with Store.open(other) as store:
        (finding,) = store.findings()
        # As before, and so no failure of a later build.
        assert finding.status == "confirmed"
    assert line.startswith(
        f"::error file=other/findings/{finding.id}/testcase.json,title=new finding in torch%3Abroken"
    )
