"""Runs a user's script, records the operator calls that it makes, and learns operators from them.

It runs as `python -m tensorsmith.fuzz.learn_script ORDER`, in a process of its own: the script may do anything, and
what it registers is there when torch is asked about its operators.
"""

from __future__ import annotations

import os
import runpy
import sys
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import torch

from tensorsmith.fuzz.fork_server import import_plugin
from tensorsmith.fuzz.learn_messages import Answer, Order, Row
from tensorsmith.generators.learning import LeftOut, learn_operators
from tensorsmith.generators.operator_file import LearnedOperator, encode_operators
from tensorsmith.generators.recorded_calls import DEEPEST, Recorder
from tensorsmith.generators.table import Record
from tensorsmith.ir.graph import TensorType

# Different calls that are kept of each operator.
MOST_CALLS = 200


class ScriptRecorder(Recorder):
    """Keeps different calls of each operator, on tensors of any size, and counts all of them.

    `trace` is an open file, which gets a byte a call.
    """

    def __init__(self, trace: int) -> None:
        super().__init__(self._keep, _is_kept)
        self.counts: Counter[str] = Counter()
        self.calls: dict[str, dict[Record, None]] = {}
        self._trace = trace

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the call, keep it and count it."""
        os.write(self._trace, b".")
        self.counts[f"{func._schema.name.replace('::', '.')}.{func._overloadname}"] += 1
        return super().__torch_dispatch__(func, types, args, kwargs)

    def _keep(self, op: str, record: Record) -> None:
        calls = self.calls.setdefault(op, {})
        if len(calls) < MOST_CALLS:
            calls[record] = None


def main() -> None:
    """Do what the order says, given as JSON in the one argument."""
    order = msgspec.json.decode(sys.argv[1], type=Order)
    answer = Answer(0, 0, _import(order.imports))
    if not answer.failure:
        recorder = ScriptRecorder(os.open(order.trace, os.O_WRONLY | os.O_CREAT))
        with recorder:
            failure = _run(Path(order.script))
        answer = Answer(recorder.counts.total(), len(recorder.counts), failure)
        if answer.calls and (order.partial or not failure):
            answer = msgspec.structs.replace(answer, rows=_learn(recorder, Path(order.operators)))
    Path(order.answer).write_bytes(msgspec.json.encode(answer))


def _import(names: tuple[str, ...]) -> str:
    for name in names:
        try:
            import_plugin(name)
        except Exception as error:
            return f"--import {name}: {type(error).__name__}: {error}"
    return ""


def _run(script: Path) -> str:
    """Run a script as Python would; how it failed, or nothing."""
    sys.argv = [str(script)]
    sys.path.insert(0, str(script.parent))
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as end:
        return f"it exited with {end.code}" if end.code else ""
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(script)]
        line = error.lineno if isinstance(error, SyntaxError) else frames[-1].lineno if frames else None
        return f"{f'line {line}: ' if line else ''}{type(error).__name__}: {error}"
    return ""


def _learn(recorder: ScriptRecorder, operators: Path) -> tuple[Row, ...]:
    """Write what the calls teach, and say what that is."""
    # The script may have set them.
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    torch.set_num_threads(1)
    print(
        f"{recorder.counts.total()} calls of {len(recorder.counts)} operators; learning what they take ...", flush=True
    )
    rows = [
        Row(op, left_out="it returns no tensor, or takes what a graph cannot hold")
        for op in recorder.counts
        if op not in recorder.calls
    ]
    learned: list[LearnedOperator] = []
    for one in learn_operators({op: tuple(calls) for op, calls in recorder.calls.items()}):
        if isinstance(one, LeftOut):
            rows.append(Row(one.op, left_out=one.reason))
            continue
        learned.append(one)
        rule = one.rule
        precision, recall = (None, None) if rule is None else (rule.precision, rule.recall)
        rows.append(Row(one.entry.op, len(one.entry.records), precision, recall))
    operators.write_bytes(encode_operators(learned))
    return tuple(sorted(rows, key=lambda row: row.op))


def _is_kept(type_: TensorType) -> bool:
    return len(type_.shape) <= DEEPEST and not type_.dtype.startswith("c")


if __name__ == "__main__":
    main()
