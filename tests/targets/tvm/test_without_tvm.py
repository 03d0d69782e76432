"""Without TVM installed everything else works, and its targets say what to install."""

from __future__ import annotations

import subprocess
import sys

HIDDEN = """
import importlib.machinery, sys
real = importlib.machinery.PathFinder.find_spec
def find_spec(name, path=None, target=None):
    return None if name.split(".")[0] in ("tvm", "tvm_ffi", "ml_dtypes") else real(name, path, target)
importlib.machinery.PathFinder.find_spec = find_spec
"""


def without_tvm(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", HIDDEN + code], capture_output=True, text=True, timeout=120)


def test_targets_say_what_to_install() -> None:
    ended = without_tvm(
        "from tensorsmith.targets.registry import all_targets\n"
        "for target in all_targets():\n    print(target.name, '|', target.missing('cpu') or 'here')"
    )
    assert ended.returncode == 0, ended.stderr
    said = dict(line.split(" | ") for line in ended.stdout.splitlines())
    lacking = {name: why for name, why in said.items() if name.startswith("tvm")}
    assert lacking
    assert all("pip install 'tensorsmith[tvm]'" in why for why in lacking.values())
    assert said["inductor"] == said["eager"] == "here"


def test_other_targets_make_and_judge_tests() -> None:
    ended = without_tvm(
        "from tensorsmith.fuzz.make import make_test\n"
        "from tensorsmith.fuzz.messages import Slot\n"
        "from tensorsmith.oracles.judge import judge\n"
        "print(judge(make_test(Slot(0), 'eager', 'cpu', 3, {})[0]).outcome)"
    )
    assert ended.stdout.strip() in ("pass", "invalid"), ended.stderr


def test_a_campaign_ends_with_one_line() -> None:
    ended = without_tvm(
        "import sys, tempfile\nfrom tensorsmith.fuzz.cli import main\n"
        "sys.argv = ['tensorsmith', 'fuzz', tempfile.mkdtemp() + '/c', '--target', 'tvm-tir', '--tests', '1']\nmain()"
    )
    assert ended.returncode == 3
    assert "pip install 'tensorsmith[tvm]'" in ended.stderr
    assert "Traceback" not in ended.stderr
