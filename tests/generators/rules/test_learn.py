"""Writing the rule book: a run that was stopped goes on, and never with what another run has learned."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tensorsmith.generators import harvest
from tensorsmith.generators.rules import learn
from tensorsmith.generators.rules.book import Entry
from tensorsmith.generators.rules.learn import write_book
from tensorsmith.generators.rules.unfinished import Run, take_up
from tensorsmith.generators.table import entry_of
from tensorsmith.ir.errors import InvalidInputError

TABLE = [entry_of(op) for op in ("aten.add.out", "aten.add.Tensor", "aten.neg.default", "aten.mm.default")]
RUN = Run.of(TABLE, 80, 40)


@pytest.fixture(autouse=True)
def few_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn, "QUESTIONS", RUN.questions)
    monkeypatch.setattr(learn, "HELD_OUT", RUN.held_out)


def unfinished(*lines: bytes) -> bytes:
    return b"\n".join((msgspec.json.encode(RUN), *lines))


def test_a_run_that_was_cut_off_writes_the_same_book_when_it_goes_on(tmp_path: Path) -> None:
    whole, cut, part = tmp_path / "whole", tmp_path / "cut", tmp_path / "cut.part"
    written = write_book(whole, TABLE)
    assert [entry.op for entry in written] == [entry.op for entry in TABLE]
    assert min(entry.accepts for entry in written) > 10
    lines = whole.read_bytes().splitlines()
    part.write_bytes(unfinished(lines[2], lines[1], lines[3][:50]))
    assert write_book(cut, TABLE) == written
    assert cut.read_bytes() == whole.read_bytes()
    assert not part.exists()


def test_what_was_learned_is_not_asked_again(tmp_path: Path) -> None:
    planted = [Entry(entry.op, ("rank(self) >= 1",), 5, 6, 0.5, 0.5, 7) for entry in TABLE]
    (tmp_path / "book.part").write_bytes(unfinished(*map(msgspec.json.encode, planted), b""))
    assert write_book(tmp_path / "book", TABLE) == planted


def test_a_run_may_be_cut_off_more_than_once(tmp_path: Path) -> None:
    part = tmp_path / "book.part"
    one, other = (Entry(op, (), 5, 6, 0.5, 0.5, 7) for op in ("aten.neg.default", "aten.mm.default"))
    part.write_bytes(unfinished(msgspec.json.encode(one), msgspec.json.encode(other)[:-5]))
    assert take_up(part, RUN) == {one.op: one}
    with part.open("ab") as out:
        out.write(msgspec.json.encode(other) + b"\n{")
    assert take_up(part, RUN) == {one.op: one, other.op: other}


@pytest.mark.parametrize(
    "other",
    [
        Run.of(TABLE[1:], RUN.questions, RUN.held_out),
        msgspec.structs.replace(RUN, torch="2.12.0"),
        msgspec.structs.replace(RUN, questions=79),
        msgspec.structs.replace(RUN, held_out=39),
    ],
)
def test_what_another_run_has_learned_is_discarded(
    other: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = tmp_path / "book.part"
    entry = Entry("aten.neg.default", (), 5, 6, 0.5, 0.5, 7)
    part.write_bytes(unfinished(msgspec.json.encode(entry), b""))
    assert take_up(part, other) == {}
    assert capsys.readouterr().err == (
        f"{part}: left by a run with another torch or table, or other questions: discarded\n"
    )
    assert take_up(part, RUN) == {}
    assert take_up(part, RUN) == {}
    assert capsys.readouterr().err.count("discarded") == 1


def test_a_line_that_is_no_rule_is_named(tmp_path: Path) -> None:
    part = tmp_path / "book.part"
    for bad in (b"{}", b"", b"\xff\xfe", b'{"op": "\xff"}'):
        part.write_bytes(unfinished(bad, b""))
        with pytest.raises(InvalidInputError, match=r"^.*book\.part, line 2: no rule: .*; delete it"):
            take_up(part, RUN)


@pytest.mark.parametrize("module", [learn, harvest])
def test_asking_for_help_starts_nothing(module: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        module.main(["--help"])  # type: ignore[attr-defined]
    assert raised.value.code == 0
    assert "[FILE]" in capsys.readouterr().out
