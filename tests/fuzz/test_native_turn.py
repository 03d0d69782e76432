"""What reached something new is compiled, too, where that is legal."""

from __future__ import annotations

from tensorsmith.fuzz.messages import Origin
from tensorsmith.fuzz.native_turn import EVERY, MOST, SIZE, NativeTurn
from tensorsmith.ir.pipeline import Pipeline, Step
from tests.ir.test_tir_case import case_of
from tests.triage.programs import chain

BUILD = Step("build")


def test_news_wait_until_there_are_enough_for_a_batch() -> None:
    turn = NativeTurn()
    for _ in range(SIZE - 1):
        turn.offer(case_of(), Origin())
        assert [turn.next() for _ in range(EVERY)] == [None] * EVERY
    turn.offer(case_of(), Origin())
    batch = turn.next()
    assert batch is not None
    assert (len(batch.cases), batch.native, batch.origins[0].parent) == (SIZE, True, case_of().id)
    assert turn.next() is None


def test_most_batches_are_others() -> None:
    turn = NativeTurn()
    taken = []
    for _ in range(3 * EVERY):
        for _ in range(SIZE):
            turn.offer(case_of(), Origin())
        taken.append(turn.next() is not None)
    assert taken == ([False] * (EVERY - 1) + [True]) * 3


def test_graphs_and_what_was_compiled_do_not_wait() -> None:
    turn = NativeTurn()
    for case in (chain("sin"), case_of(pipeline=Pipeline()), case_of(pipeline=Pipeline((BUILD,)))):
        for _ in range(SIZE):
            turn.offer(case, Origin())
    assert [turn.next() for _ in range(EVERY)] == [None] * EVERY


def test_only_so_many_wait() -> None:
    turn = NativeTurn()
    for _ in range(MOST + SIZE):
        turn.offer(case_of(), Origin())
    assert sum(turn.next() is not None for _ in range(EVERY * MOST)) == MOST // SIZE
