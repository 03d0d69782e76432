"""`bench/repros.py` says of every script of a campaign whether it reproduces without tensorsmith."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tensorsmith.corpus.findings import Status
from tensorsmith.corpus.store import Store

BENCH = Path(__file__).parents[2] / "bench" / "repros.py"
REPRODUCES = "import sys\nprint('reproduced: it')\nsys.exit(1)\n"


def repros(campaign: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCH), str(campaign), "--timeout", "60"]
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def give(campaign: Path, id_: str, script: str, status: Status = "confirmed") -> None:
    with Store.open(campaign) as store:
        finding = next(one for one in store.findings() if one.id == id_)
        store.upsert_finding(msgspec.structs.replace(finding, status=status), {"repro.py": script})


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("print('fine')\n", "exit 0: fine"),
        ("import tensorsmith.ir\n" + REPRODUCES, "exit 1: ModuleNotFoundError"),
        ("raise ValueError('not the bug')\n", "exit 1: ValueError: not the bug"),
    ],
)
def test_a_confirmed_finding_that_does_not_reproduce_is_told(campaign: Path, script: str, said: str) -> None:
    give(campaign, "aa11", script)
    give(campaign, "ab22", REPRODUCES, "flaky")
    ran = repros(campaign)
    assert ran.returncode == 1
    first, _, *rows = ran.stdout.splitlines()
    assert first.startswith(f"aa11 confirmed wrong-result: {said}")
    assert [row.split() for row in rows] == [
        ["wrong-result", "confirmed", "1", "0"],
        ["wrong-result", "flaky", "1", "1"],
        ["all", "2", "1"],
    ]
    assert ran.stderr == "1 of confirmed findings do not reproduce\n"


def test_all_is_well_when_confirmed_ones_reproduce(campaign: Path) -> None:
    give(campaign, "aa11", REPRODUCES)
    give(campaign, "ab22", "print('fine')\n", "flaky")
    ran = repros(campaign)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[-1].split() == ["all", "2", "1"]
