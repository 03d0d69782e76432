"""`tensorsmith fuzz` from the outside: exit codes, what a second call goes on with, one engine at a time."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tensorsmith.corpus.settings import read_settings
from tensorsmith.corpus.store import Store

pytestmark = pytest.mark.slow


def fuzz(directory: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tensorsmith.fuzz", "fuzz", str(directory), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_second_call_goes_on(tmp_path: Path, run: Any) -> None:
    campaign = tmp_path / "campaign"
    first = fuzz(campaign, "--tests", 4, "--target", "eager", "--workers", 1, "--seed", 11, "--size", 3)
    assert first.returncode == 0, first.stdout + first.stderr
    before = json.loads(run("status", campaign, "--json").out)
    assert before["tests"] == 4

    second = fuzz(campaign, "--tests", 4, "--size", 4)
    assert second.returncode == 0, second.stdout + second.stderr
    after = json.loads(run("status", campaign, "--json").out)
    assert after["tests"] == before["tests"] + 4
    assert after["elapsed"] > before["elapsed"]
    settings = read_settings(campaign)
    assert (settings.targets, settings.seed, settings.workers, settings.size) == (("eager",), 11, 1, 4)
    assert dict(settings.versions)["torch"]


def test_an_import_is_found_from_any_directory(tmp_path: Path) -> None:
    (tmp_path / "plugin.py").write_text("")
    campaign = tmp_path / "campaign"
    options = ["--tests", "1", "--target", "eager", "--workers", "1", "--size", "2", "--import", "plugin.py"]
    command = [sys.executable, "-m", "tensorsmith.fuzz", "fuzz", str(campaign), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert read_settings(campaign).imports == (str(tmp_path / "plugin.py"),)


def test_a_campaign_that_another_engine_runs_is_left_alone(tmp_path: Path, campaign: Path) -> None:
    hold = (
        "import sys; from pathlib import Path; from tensorsmith.corpus.lock import only_engine\n"
        "with only_engine(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, str(campaign)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        ran = fuzz(campaign, "--tests", 1)
        other.communicate("")
    assert ran.returncode == 2
    assert f"error: {campaign}: another tensorsmith (process {other.pid}) runs this campaign" in ran.stderr
    with Store.open(campaign) as store:
        assert store.counts()["tests"] == 40
