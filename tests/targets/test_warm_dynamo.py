"""What Dynamo needs is there before a process is forked."""

from __future__ import annotations

import subprocess
import sys

FORKED = """
import os
import sys
from tensorsmith.generators.cases import random_case
from tensorsmith.targets.inputs import make_inputs
from tensorsmith.targets.registry import find_target
target = find_target("torch:eager")
cases = [random_case(seed, "torch:eager", "cpu", 6, {}) for seed in range(3)]
target.warm()
before = set(sys.modules)
if os.fork() == 0:
    for case in cases:
        target.compile(case)(make_inputs(case.graph, case.recipe))
    print(sorted(set(sys.modules) - before), flush=True)
    os._exit(0)
os.wait()
"""


def test_children_of_a_warm_process_import_nothing_more() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
