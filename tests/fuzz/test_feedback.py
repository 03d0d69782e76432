"""What a test case is kept for: what it has, and what observers of the compiler saw of it."""

from __future__ import annotations

from pathlib import Path

from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.feedback import Feedback
from tensorsmith.fuzz.messages import Origin
from tensorsmith.ir.testcase import TestCase


def test_what_was_seen_of_a_test_is_kept_with_it_and_new_only_once(tmp_path: Path, good_case: TestCase) -> None:
    with Store.create(tmp_path / "campaign", Settings(targets=("aot_eager",))) as store:
        feedback = Feedback(store)
        assert feedback.keep_if_new(good_case, Origin(), {})
        pairs = store.coverage_counts()["operator-pairs"]
        assert not feedback.keep_if_new(good_case, Origin(), {})
        assert feedback.keep_if_new(good_case, Origin(), {"decisions": frozenset({"fused a with b"})})
        assert not feedback.keep_if_new(good_case, Origin(), {"decisions": frozenset({"fused a with b"})})
        assert store.coverage_counts() == {"operator-pairs": pairs, "decisions": 1}
        assert [entry.id for entry in store.corpus()] == [good_case.id]
    with Store.open(tmp_path / "campaign") as store:
        seen = {"decisions": frozenset({"fused a with b", "reused a"})}
        assert Feedback(store).keep_if_new(good_case, Origin(), seen)
        assert store.coverage_counts()["decisions"] == 2
        assert not Feedback(store).keep_if_new(good_case, Origin(), seen)
