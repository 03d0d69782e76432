"""Asking eager PyTorch: what it answers before an operator ends its process, and what it says of that."""

from __future__ import annotations

import faulthandler
import os
import signal
import time

import pytest
import torch

from tensorsmith.generators.rules import ask as asking
from tensorsmith.generators.rules.ask import Answer, ask, ask_about, ask_out
from tensorsmith.generators.rules.learn import answers_of
from tensorsmith.generators.table import Record
from tensorsmith.ir.graph import Ref, TensorType


@torch.library.custom_op("private_asked::moody", mutates_args=())
def moody(x: torch.Tensor) -> torch.Tensor:
    """Its size decides what it does."""
    match len(x):
        case 3:
            raise ValueError("not of 3")
        case 5:
            faulthandler.disable()  # pytest's, which would tell of it
            os.kill(os.getpid(), signal.SIGSEGV)
        case 6:
            os._exit(7)
        case 7:
            while True:
                pass
        case 8:
            time.sleep(1.3)
    return x + 1


MOODY = "private_asked.moody.default"


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """The first call imports some seconds' worth of torch, which is not to be done in the children."""
    moody(torch.ones(2))


def call(size: int) -> Record:
    return Record((TensorType("f32", (size,)),), (Ref(0),))


@pytest.mark.parametrize(("size", "cause"), [(5, "SIGSEGV"), (6, "exit with code 7"), (7, "more than 1 s of CPU time")])
def test_an_operator_that_ends_its_process_is_answered_for_up_to_then(
    size: int, cause: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asking, "CPU_SECONDS", 1)
    asked = ask(MOODY, [call(2), call(3), call(size), call(4)], frozenset(), 10)
    assert asked.answers == [Answer(call(2), True), Answer(call(3), False)]
    assert asked.died_of == cause
    assert answers_of(MOODY, asked) == asked.answers
    assert capsys.readouterr().err == f"{MOODY}: asking ended after 2 answers: {cause}\n"
    found = ask_about(MOODY, [call(2), call(3), call(size), call(4)], 10)
    assert [(record.tensors, record.results) for record in found] == [(call(2).tensors, call(2).tensors)]


def test_an_operator_that_waits_is_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "CPU_SECONDS", 1)
    asked = ask(MOODY, [call(8), call(4)], frozenset(), 0)
    assert asked.answers == [Answer(call(8), True), Answer(call(4), True)]
    assert asked.died_of == ""


def test_what_goes_wrong_in_asking_is_raised_and_no_answer() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)asking failed.*unknown operator `private_asked\.nonesuch\.default`"):
        ask("private_asked.nonesuch.default", [call(2)], frozenset(), 10)


def test_results_of_a_negative_size_are_nothing_that_can_be_written_to() -> None:
    record = Record((TensorType("f16", (0, 1, 1, 9)),), (Ref(0), (-2, -3, -1, -1)))
    twin = "aten.reflection_pad2d.default"
    asked = ask_out("aten.reflection_pad2d.out", twin, [Answer(record, True), Answer(record, True)], frozenset())
    assert asked.answers == [Answer(record, False)] * 2
