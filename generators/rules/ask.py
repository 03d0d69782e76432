"""Asking eager PyTorch about calls near ones that it accepts: which of them does it accept too?

Eager on the CPU, on tensors of ones, answers in microseconds and is the truth; it may also crash or hang, so it is
asked in a child process, whose answers up to then count.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import torch

from tensorsmith.generators.bounds import Slots
from tensorsmith.generators.rules.near import near, words_of
from tensorsmith.generators.table import Record
from tensorsmith.ir.graph import Ref, TensorType
from tensorsmith.ir.operators import operator
from tensorsmith.ir.torch_args import TO_TORCH, decode_arg, flatten_results, type_of

CPU_SECONDS = 20
# For an operator that waits for something that does not come; even a busy machine is done by then.
WALL_SECONDS = 600
MEMORY = 8 << 30
_POOL = 160
_TRIES = 6


class Answer(msgspec.Struct, frozen=True):
    """A call, and whether the operator accepts it."""

    record: Record
    accepted: bool


@dataclass(frozen=True)
class Asked:
    """Answers, and what the child died of that gave them; nothing if it was asked everything."""

    answers: list[Answer]
    died_of: str = ""


def ask(op: str, records: Sequence[Record], indices: frozenset[str], count: int, seed: int = 0) -> Asked:
    """Answers about calls near some records; the same for the same seed, unless the operator crashes or hangs.

    Args:
        op: the operator.
        records: calls that it accepts.
        indices: arguments that hold indices, which zeros stand for instead of ones.
        count: how many calls to ask about.
        seed: where the choices come from.

    Raises:
        RuntimeError: what asks, and not the operator, failed; the message has the traceback.
    """
    return _from_child(lambda: _answers(op, records, indices, count, seed))


def ask_about(op: str, questions: Sequence[Record], enough: int) -> list[Record]:
    """Those of some calls that eager accepts, with their results' types, at most `enough`; a crash ends the asking."""

    def answers() -> Iterator[Answer]:
        found = 0
        for question in questions:
            results = results_of(op, question, frozenset())
            if results:
                found += 1
                yield Answer(msgspec.structs.replace(question, results=tuple(results)), True)
            if found >= enough:
                return

    return [answer.record for answer in _from_child(answers).answers]


def ask_out(op: str, twin: str, answers: Sequence[Answer], indices: frozenset[str]) -> Asked:
    """Which of the calls of an operator its variant with an `out=` argument of the right type accepts as well."""

    def asked() -> Iterator[Answer]:
        for answer in answers:
            yield Answer(answer.record, answer.accepted and _accepts_out(op, twin, answer.record, indices))

    return _from_child(asked)


def _accepts_out(op: str, twin: str, record: Record, indices: frozenset[str]) -> bool:
    results = results_of(twin, record, indices)
    # Of no elements there may be negative sizes (reflection_pad2d), but no such tensor can be made.
    if len(results) != 1 or min(results[0].shape, default=0) < 0:
        return False
    with_out = msgspec.structs.replace(
        record,
        tensors=(*record.tensors, results[0]),
        kwargs=(*record.kwargs, ("out", Ref(len(record.tensors)))),
    )
    return results_of(op, with_out, indices) == results


def _from_child(answers: Callable[[], Iterator[Answer]]) -> Asked:
    """What a generator yields in a child process, up to where the child dies; what it raises is raised here."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _child(answers, writer)
    os.close(writer)
    try:
        # An answer, or the traceback of what went wrong.
        decoder = msgspec.json.Decoder(Answer | str)
        with os.fdopen(reader, "rb") as lines:
            said = [decoder.decode(line) for line in lines if line.endswith(b"\n")]
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        _, status = os.waitpid(child, 0)
    failures = [line for line in said if isinstance(line, str)]
    if failures:
        raise RuntimeError(f"asking failed:\n{failures[0]}")
    return Asked([line for line in said if isinstance(line, Answer)], _cause(os.waitstatus_to_exitcode(status)))


def _child(answers: Callable[[], Iterator[Answer]], writer: int) -> None:
    status = 1
    try:
        with os.fdopen(writer, "wb") as out:
            try:
                _sandbox()
                for answer in answers():
                    out.write(msgspec.json.encode(answer) + b"\n")
                    out.flush()
            except Exception:
                out.write(msgspec.json.encode(traceback.format_exc()) + b"\n")
        status = 0
    finally:
        os._exit(status)


def _cause(exit_code: int) -> str:
    if exit_code == -signal.SIGXCPU:
        return f"more than {CPU_SECONDS} s of CPU time"
    if exit_code == -signal.SIGALRM:
        return f"more than {WALL_SECONDS} s"
    if exit_code < 0:
        return signal.Signals(-exit_code).name
    return f"exit with code {exit_code}" if exit_code else ""


def _sandbox() -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    signal.alarm(WALL_SECONDS)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # torch's warnings about what we ask
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit(resource.RLIMIT_AS, MEMORY)
    _limit(resource.RLIMIT_CPU, CPU_SECONDS)
    torch.set_num_threads(1)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _answers(op: str, records: Sequence[Record], indices: frozenset[str], count: int, seed: int) -> Iterator[Answer]:
    rng = random.Random(f"{op} {seed}")
    words = words_of(op, records)
    pool = list(records)
    asked: set[Record] = set()
    for record in records:
        plain = msgspec.structs.replace(record, results=())
        asked.add(plain)
        yield Answer(plain, accepts(op, plain, indices))
    for _ in range(count):
        # Half of the questions start from what was harvested, half from what was found since.
        for _ in range(_TRIES):
            base = rng.choice(records) if rng.random() < 0.5 else rng.choice(pool)
            question = near(op, base, rng, words)
            if question is not None and question not in asked:
                break
        else:
            continue
        asked.add(question)
        answer = Answer(question, accepts(op, question, indices))
        if answer.accepted:
            if len(pool) < _POOL:
                pool.append(question)
            else:
                pool[rng.randrange(_POOL)] = question
        yield answer


def accepts(op: str, record: Record, indices: frozenset[str]) -> bool:
    """Whether eager accepts a call on stand-ins and returns what a graph can hold."""
    return bool(results_of(op, record, indices))


def results_of(op: str, record: Record, indices: frozenset[str]) -> list[TensorType]:
    """The types of the results of a call on stand-ins; none if eager rejects it or a graph cannot hold them."""
    names = Slots.of(op, record).names
    tensors = [
        (torch.zeros if names.get(position) in indices else torch.ones)(type_.shape, dtype=TO_TORCH[type_.dtype])
        for position, type_ in enumerate(record.tensors)
    ]
    try:
        with torch.no_grad():
            results = operator(op)(
                *(decode_arg(a, tensors.__getitem__, "cpu") for a in record.args),
                **{name: decode_arg(a, tensors.__getitem__, "cpu") for name, a in record.kwargs},
            )
            return [type_of(result) for result in flatten_results(results)]
    except Exception:
        return []
