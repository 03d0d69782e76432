"""The worker: a child process that makes test cases, runs them and says what happened; it may die at any time."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from tensorsmith.fuzz import messages
from tensorsmith.fuzz.batch import run_batch
from tensorsmith.fuzz.control import STEP_FILE
from tensorsmith.fuzz.coverage.ledger import Ledger
from tensorsmith.fuzz.coverage.native.watch import NativeWatch, armed_libraries, skip_covered, stop_watching
from tensorsmith.fuzz.coverage.observers import on_change, started_observers, worth_telling
from tensorsmith.fuzz.coverage.shared import read_covered
from tensorsmith.fuzz.make import make_test
from tensorsmith.fuzz.messages import (
    Announced,
    BatchDone,
    Covered,
    FuzzBatch,
    Judged,
    Message,
    Origin,
    RunBatch,
    Started,
    TriageAlarm,
    WorkerFailed,
)
from tensorsmith.fuzz.native_ways import compiled_too
from tensorsmith.fuzz.stopwatch import Stopwatch
from tensorsmith.fuzz.triage_alarm import triage_alarm
from tensorsmith.generators.choices import count_choices
from tensorsmith.ir.cases import Case
from tensorsmith.ir.errors import TensorsmithError
from tensorsmith.ir.testcase import TestCase
from tensorsmith.mutators.pipelines import share_compiler_flags
from tensorsmith.oracles.judge import judge
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.isolation import become_sandbox
from tensorsmith.targets.mark import Mark

CACHE_VARIABLE = "TORCHINDUCTOR_CACHE_DIR"


def main(connection: Connection, scratch: str, stderr_path: str) -> None:
    """Serve orders until the engine closes the connection. `scratch` is this worker's own directory."""
    stderr = os.open(stderr_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    become_sandbox(stderr)
    _own_caches(Path(scratch))
    step = Mark(Path(scratch) / STEP_FILE)
    skip_covered(read_covered(Path(scratch).parent))
    native = NativeWatch(armed_libraries())

    def send(message: Message) -> None:
        connection.send_bytes(messages.encode(message))

    while True:
        try:
            order = messages.orders.decode(connection.recv_bytes())
        except (EOFError, OSError):
            return
        try:
            if isinstance(order, TriageAlarm):
                # What triage runs is no news, and it forks a process for every run.
                stop_watching()
                send(triage_alarm(order))
            else:
                _serve(order, send, step, native)
        except Exception:
            send(WorkerFailed(traceback.format_exc()))


def _serve(order: FuzzBatch | RunBatch, send: Callable[[Message], None], step: Mark, native: NativeWatch) -> None:
    watch = Stopwatch()
    with watch.stage("generate"):
        announced = _make(order) if isinstance(order, FuzzBatch) else _given(order)
    send(announced)
    if announced.cases:
        _run(announced.cases, watch, send, step, native)
    send(BatchDone(dict(watch.wall), dict(watch.cpu)))


def _run(
    cases: Sequence[Case], watch: Stopwatch, send: Callable[[Message], None], step: Mark, native: NativeWatch
) -> None:
    ledger = Ledger(started_observers())
    native.begin()

    def on_stage(position: int, stage: str) -> None:
        ledger.enter(position)
        native.enter(position)
        send(Started(position, stage))

    def on_verdict(position: int, verdict: Verdict, seconds: float) -> None:
        send(Judged(position, verdict, seconds))
        if verdict.outcome == "pass":
            with watch.stage("coverage"):
                seen = worth_telling(ledger.of(position))
                executed = native.of(position, partial(judge, cases[position]))
            send(Covered(position, seen, executed))

    run_batch(cases, watch, on_stage, on_verdict, step.write, on_change())


def _given(order: RunBatch) -> Announced:
    cases = tuple(compiled_too(case) for case in order.cases) if order.native else order.cases
    return Announced(cases, order.origins)


def _make(order: FuzzBatch) -> Announced:
    cases: list[Case] = []
    origins: list[Origin] = []
    failed: list[str] = []
    weights, mutators = dict(order.weights), dict(order.mutators)
    for slot in order.slots:
        try:
            case, origin = make_test(slot, order.target, order.device, order.size, weights, mutators)
        except TensorsmithError as error:
            failed.append(f"not-made: {str(error)[:80]}")
            continue
        cases.append(case)
        origins.append(origin)
    graphs = [case for case in cases if isinstance(case, TestCase)]
    if not graphs:
        return Announced(tuple(cases), tuple(origins), tuple(failed))
    shared = share_compiler_flags(graphs, Random(order.slots[0].seed))
    return Announced(tuple(shared), tuple(origins), tuple(failed), count_choices([case.graph for case in shared]))


def _own_caches(scratch: Path) -> None:
    """Give this process a compiler cache and a temporary directory of its own, in its own directory."""
    for variable, name in ((CACHE_VARIABLE, "cache"), ("TMPDIR", "tmp")):
        (scratch / name).mkdir()
        os.environ[variable] = str(scratch / name)
    tempfile.tempdir = str(scratch / "tmp")
