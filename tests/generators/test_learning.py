"""Learning operators from recorded calls, a user's own ones included, and making programs of them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import torch

from tensorsmith.generators import in_use
from tensorsmith.generators.cases import random_case
from tensorsmith.generators.in_use import entry_in_use, rule_in_use, use_operators, weights_in_use
from tensorsmith.generators.learning import LeftOut, learn_operators
from tensorsmith.generators.operator_file import LearnedOperator, encode_operators, read_operators
from tensorsmith.generators.random_graphs import random_graph
from tensorsmith.generators.recorded_calls import Recorder
from tensorsmith.generators.rules.book import Entry
from tensorsmith.generators.table import OperatorEntry, Record, entry_of
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.graph import Ref, TensorType
from tensorsmith.ir.testcase import decode, encode
from tests.planted import private_operators


@pytest.fixture(scope="module")
def found() -> dict[str, LearnedOperator | LeftOut]:
    """What is learned from calls of every private operator, and of two of torch's."""
    calls: dict[str, list[Record]] = defaultdict(list)
    with torch.no_grad(), Recorder(lambda op, record: calls[op].append(record), lambda _: True):
        x = torch.ones(4, 6)
        private_operators.squash(x, 2.0)
        private_operators.squash(torch.ones(3), flip=True)
        private_operators.mix(torch.ones(64, 1024), torch.ones(1024, 128))
        private_operators.writes(x)
        private_operators.unfaked(x)
        private_operators.wild(x)
        torch.ops.private.aliased_(x)
        torch.softmax(torch.ones(2, 3, 5), 1)
        torch.bernoulli(torch.zeros(3))
        torch.add(x, x, out=torch.ones(4, 6))
    return {one.op if isinstance(one, LeftOut) else one.entry.op: one for one in learn_operators(calls)}


def learned(found: dict[str, LearnedOperator | LeftOut], op: str) -> LearnedOperator:
    one = found[op]
    assert isinstance(one, LearnedOperator)
    return one


@pytest.fixture
def using(monkeypatch: pytest.MonkeyPatch, found: dict[str, LearnedOperator | LeftOut]) -> Iterator[None]:
    """Programs are made of what was learned, for the time of a test."""
    with monkeypatch.context() as patch:
        patch.setattr(in_use, "_learned", [])
        use_operators(one for one in found.values() if isinstance(one, LearnedOperator))
        yield
    use_operators(())


@pytest.mark.parametrize(
    ("op", "reason"),
    [
        ("private.writes.default", "it does not do what its schema says: Argument x is not defined as mutable"),
        ("private.unfaked.default", "no working fake kernel (torch.library.register_fake)"),
        ("private.wild.default", "random"),
        ("private.aliased_.default", "returns-an-alias"),
        ("aten.bernoulli.default", "random"),
        ("aten.add.out", "the table has it; calls of it are made as those of aten.add.Tensor"),
    ],
)
def test_what_programs_cannot_have_is_left_out(
    found: dict[str, LearnedOperator | LeftOut], op: str, reason: str
) -> None:
    one = found[op]
    assert isinstance(one, LeftOut)
    assert one.reason.startswith(reason)


def test_a_private_operator_is_learned_as_one_of_torch_is(found: dict[str, LearnedOperator | LeftOut]) -> None:
    squash = learned(found, "private.squash.default")
    assert squash.entry.any_shape
    assert set(squash.entry.dtypes) >= {"f16", "f32", "f64"}
    assert len(squash.entry.records) == 2
    assert squash.rule is not None
    assert squash.rule.precision > 0.9
    assert squash.rule.recall > 0.9


def test_a_rule_of_a_private_operator_is_inferred_from_small_twins_of_large_calls(
    found: dict[str, LearnedOperator | LeftOut],
) -> None:
    mix = learned(found, "private.mix.default")
    assert all(t.numel <= 2048 for record in mix.entry.records for t in record.tensors)
    assert mix.rule is not None
    assert any("a[-1] == b[0]" in clause or "b[0] == a[-1]" in clause for clause in mix.rule.rule)
    assert mix.rule.precision > 0.9


def test_an_operator_of_the_table_gets_the_calls_as_further_records(
    found: dict[str, LearnedOperator | LeftOut], using: None
) -> None:
    softmax = learned(found, "aten._softmax.default")
    assert softmax.rule is None
    (record,) = softmax.entry.records
    assert record.tensors == (TensorType("f32", (2, 3, 5)),)
    entry = entry_in_use("aten._softmax.default")
    assert entry.records == tuple(dict.fromkeys((*entry_of("aten._softmax.default").records, record)))
    assert entry.dtypes == entry_of("aten._softmax.default").dtypes


def test_programs_have_private_operators_much_more_often_than_one_of_a_thousand(using: None) -> None:
    ops = [op for seed in range(90) for op in random_case(seed, "aot_eager").graph.operators()]
    assert {"private.squash.default", "private.mix.default"} <= set(ops)
    assert 0.01 < sum(op.startswith("private.") for op in ops) / len(ops) < 0.2


def test_weights_of_findings_hold_for_private_operators_too(using: None) -> None:
    plain, less = weights_in_use({}), weights_in_use({"private.squash.default": 0.1, "aten.neg.default": 0.5})
    assert less["private.squash.default"] == pytest.approx(0.1 * plain["private.squash.default"])
    assert less["aten.neg.default"] == 0.5


def test_a_private_operator_survives_encoding(found: dict[str, LearnedOperator | LeftOut], tmp_path: Path) -> None:
    table = [learned(found, "private.squash.default").entry]
    graph, recipe = random_graph(random.Random(1), 3, table)
    case = msgspec.structs.replace(random_case(1, "eager"), graph=graph, recipe=recipe)
    assert decode(encode(case)).graph.operators() == graph.operators()


def test_the_rule_in_use_is_the_learned_one(found: dict[str, LearnedOperator | LeftOut], using: None) -> None:
    mix = learned(found, "private.mix.default")
    assert mix.rule is not None
    assert rule_in_use("private.mix.default").texts() == mix.rule.rule
    assert rule_in_use("private.nonesuch.default").texts() == ()


def test_a_rule_that_excludes_good_calls_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    poor = Entry("private.own.default", ("rank(self) >= 4",), 10, 10, 0.99, 0.3, 10)
    own = LearnedOperator(OperatorEntry("private.own.default", "pointwise", ("f32",), ()), poor)
    with monkeypatch.context() as patch:
        patch.setattr(in_use, "_learned", [])
        use_operators([own])
        assert rule_in_use("private.own.default").texts() == ()
    use_operators(())


def test_a_rule_that_ships_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    op = "aten.avg_pool2d.default"
    shipped = rule_in_use(op).texts()
    other = LearnedOperator(entry_of(op), Entry(op, ("rank(self) >= 4",), 10, 10, 0.99, 0.99, 10))
    with monkeypatch.context() as patch:
        patch.setattr(in_use, "_learned", [])
        use_operators([other])
        assert rule_in_use(op).texts() == shipped
    use_operators(())


def test_without_a_rule_book_nothing_is_ruled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> dict[str, Entry]:
        raise FileNotFoundError

    with monkeypatch.context() as patch:
        patch.setattr(in_use, "shipped_book", absent)
        use_operators(())
        assert in_use.book_in_use() == {}
        assert rule_in_use("aten.avg_pool2d.default").texts() == ()
    use_operators(())
    assert in_use.book_in_use()


def test_a_file_of_operators_is_read_back(found: dict[str, LearnedOperator | LeftOut], tmp_path: Path) -> None:
    path = tmp_path / "operators.jsonl"
    every = tuple(one for one in found.values() if isinstance(one, LearnedOperator))
    path.write_bytes(encode_operators(every))
    assert read_operators(path) == every


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    entry = OperatorEntry("aten.neg.default", "pointwise", ("f32",), (Record((TensorType("f32"),), (Ref(0),)),))
    good = encode_operators([LearnedOperator(entry)])
    foreign = encode_operators([LearnedOperator(msgspec.structs.replace(entry, op="elsewhere.thing.default"))])
    newer = encode_operators([LearnedOperator(msgspec.structs.replace(entry, op="aten.of_the_future.default"))])
    bad_rule = encode_operators([LearnedOperator(entry, Entry("aten.neg.default", ("nonsense!",), 1, 1, 1, 1, 1))])
    other_rule = encode_operators(
        [LearnedOperator(entry, Entry("aten.neg.default", ("rank(typo) >= 3",), 1, 1, 1, 1, 1))]
    )
    stray = encode_operators(
        [LearnedOperator(msgspec.structs.replace(entry, records=(Record((TensorType("f32"),), (Ref(9),)),)))]
    )
    many = encode_operators(
        [LearnedOperator(msgspec.structs.replace(entry, records=(Record((TensorType("f32"),), (Ref(0), 1)),)))]
    )
    empty = encode_operators([LearnedOperator(msgspec.structs.replace(entry, records=()))])
    path = tmp_path / "file"
    for content, complaint in (
        (good + b"{}", "line 2: not a learned operator"),
        (good + bad_rule, "line 2: not a learned operator: `nonsense!` is no predicate"),
        (good + foreign, "operator `elsewhere.thing.default` is not registered; name what registers it with --import"),
        (b"", "no operators; `tensorsmith ops learn` writes such a file"),
        (newer, "no operators"),
        (good + stray, "line 2: aten.neg.default: a call refers to tensor 9 of 1"),
        (good + many, "line 2: aten.neg.default: a call has 2 arguments of 1"),
        (good + other_rule, "line 2: aten.neg.default: its rule speaks of `typo`, which is no argument of it"),
        (good + empty, "line 2: aten.neg.default: has no calls of its own"),
    ):
        path.write_bytes(content)
        with pytest.raises(InvalidInputError, match=complaint) as raised:
            read_operators(path)
        assert str(raised.value).startswith(str(path))
    path.write_bytes(newer + good)
    assert [one.entry.op for one in read_operators(path)] == ["aten.neg.default"]
    with pytest.raises(InvalidInputError, match="missing: cannot be read: No such file"):
        read_operators(tmp_path / "missing")
