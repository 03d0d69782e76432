"""Whether the scripts of a campaign's findings reproduce, each in a fresh interpreter that cannot import tensorsmith.

    python bench/repros.py campaigns/first
    python bench/repros.py campaigns/first --python /other/venv/bin/python     # with another release

The interpreter is isolated (`-I`: no variables of the environment, no directory of the user's, nor the working one),
and importing tensorsmith fails in it even where it is installed. A script reproduces when it exits with 1 and prints a
line that begins with `reproduced`. Exit code 1: one of a finding that is confirmed does not reproduce.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tensorsmith.corpus.findings import SHOWN
from tensorsmith.corpus.store import Store
from tensorsmith.ir.errors import TensorsmithError

# Runs a script as Python does, where tensorsmith is not.
ALONE = """
import runpy, sys
sys.modules["tensorsmith"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def outcome(script: Path, python: str, seconds: float) -> str:
    """`reproduces`, or what the script does instead."""
    if not script.exists():
        return "no script"
    process = subprocess.Popen(
        [python, "-I", "-c", ALONE, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, complaint = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"no end within {seconds:.0f} s"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    if process.returncode == 1 and any(line.startswith("reproduced") for line in said.splitlines()):
        return "reproduces"
    last = (complaint.strip() or said.strip()).splitlines()[-1:]
    return f"exit {process.returncode}: {last[0][:100] if last else 'nothing said'}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaign", type=Path, metavar="DIR")
    parser.add_argument("--python", default=sys.executable, metavar="PATH", help="default: this one")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="for each script")
    options = parser.parse_args()
    try:
        with Store.open(options.campaign) as store:
            findings = [(one, store.finding_directory(one.id) / "repro.py") for one in store.findings()]
    except TensorsmithError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    tried: Counter[tuple[str, str]] = Counter()
    good: Counter[tuple[str, str]] = Counter()
    broken = 0
    for finding, script in findings:
        if finding.status not in SHOWN:
            continue
        key = (finding.kind, finding.status)
        said = outcome(script.resolve(), options.python, options.timeout)
        tried[key] += 1
        good[key] += said == "reproduces"
        broken += finding.status == "confirmed" and said != "reproduces"
        if said != "reproduces":
            print(f"{finding.id} {finding.status} {finding.kind}: {said}", flush=True)
    print(f"{'kind':14} {'status':10} {'scripts':>7} {'reproduce':>9}")
    for kind, status in sorted(tried):
        print(f"{kind:14} {status:10} {tried[kind, status]:>7} {good[kind, status]:>9}")
    print(f"{'all':14} {'':10} {tried.total():>7} {good.total():>9}")
    if broken:
        sys.exit(f"{broken} of confirmed findings do not reproduce")


if __name__ == "__main__":
    main()
