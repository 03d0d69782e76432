"""The registry of known bugs: what its entries tell, and what is wrong with a file that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.triage.known import Failure, KnownBug, is_fixed_here, known_beside, matching, read_known

FAILURE = Failure("torch:planted", "error", "", "cannot lower amin in a graph of 3 nodes", ("aten.amin.default",))


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (KnownBug(target="torch:planted"), True),
        (KnownBug(target="torch:*", kind="error"), True),
        (KnownBug(target="inductor"), False),
        (KnownBug(kind="crash", message="lower"), False),
        (KnownBug(message=r"lower amin in a graph of \d+"), True),
        (KnownBug(message="amax"), False),
        (KnownBug(guilty="*"), True),
        (KnownBug(guilty="tirx.RemoveNoOp"), False),
        (KnownBug(operators=("aten.amin.*",)), True),
        (KnownBug(operators=("aten.amin.default", "aten.neg.default")), False),
    ],
)
def test_all_that_an_entry_says_must_hold(entry: KnownBug, told: bool) -> None:
    assert matching((entry,), FAILURE) == (entry if told else None)


def test_operators_tell_what_the_whole_reduced_program_is_about() -> None:
    entry = KnownBug(operators=("aten.amin.default",))
    for operators in (None, (), ("aten.amin.default", "aten.neg.default")):
        assert matching((entry,), Failure("t", "error", "", "", operators)) is None
    assert matching((entry,), Failure("t", "error", "", "", ("aten.amin.default",) * 2)) == entry


def test_a_bug_is_known_until_the_release_that_fixes_it_is_installed() -> None:
    fixed, open_, elsewhere = (
        KnownBug(kind="error", fixed_in=release) for release in ("torch 2.0", "torch 999", "no-such-thing 1.0")
    )
    assert [is_fixed_here(bug) for bug in (fixed, open_, elsewhere, KnownBug(kind="error"))] == [True] + [False] * 3
    assert matching((fixed, open_), FAILURE) == open_
    assert matching((fixed,), FAILURE) == fixed


def test_a_file_is_read(tmp_path: Path) -> None:
    own, further = tmp_path / "known.toml", tmp_path / "more.toml"
    own.write_text(
        '[[bug]]\ntarget = "tvm-*"\nkind = "hang"\nguilty = "tirx.X"\nlink = "https://example.org/1"\n'
        'fixed_in = "apache-tvm 0.28"\nnote = "slow"\n'
        "[[bug]]\noperators = [\"aten.amin.default\"]\nmessage = 'a\\d'\n"
    )
    further.write_text("")
    first, second = read_known(own)
    assert first == KnownBug(
        "tvm-*", "hang", "tirx.X", link="https://example.org/1", fixed_in="apache-tvm 0.28", note="slow"
    )
    assert second == KnownBug(operators=("aten.amin.default",), message=r"a\d")
    assert first.id != second.id
    assert (first.name, second.name) == (
        "https://example.org/1",
        r"operators ('aten.amin.default',), message a\d",
    )
    assert known_beside(tmp_path, [further]) == (first, second)
    assert known_beside(tmp_path / "elsewhere") == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[bug", "not TOML: "),
        ('[bug]\nkind = "error"\n', "`bug` means nothing here; begin each known bug with a line `[[bug]]`"),
        ('[[bugs]]\nkind = "error"\n', "`bugs` means nothing here; begin each known bug with a line `[[bug]]`"),
        ('[[bug]]\nkind = "error"\n[[bug]]\nkind = "eror"\n', "bug 2: kind: Invalid enum value 'eror' (one of wrong-"),
        ('[[bug]]\noperators = "aten.amin"\n', "bug 1: operators: Expected `array`, got `str` (fields: target"),
        (
            '[[bug]]\noperator = ["aten.amin"]\n',
            "bug 1: Object contains unknown field `operator` (fields: ta",
        ),
        (
            '[[bug]]\nlink = "x"\n',
            "bug 1: tells no failure; give at least one of target, kind, guilty, op",
        ),
        ('[[bug]]\nmessage = "a("\n', "bug 1: message: not a regular expression: missing ), unterminated subpattern"),
        (
            '[[bug]]\nkind = "hang"\nfixed_in = "0.28"\n',
            "bug 1: fixed_in: not a distribution and a version: '0.28'",
        ),
        ('[[bug]]\nkind = "hang"\nfixed_in = "torch soon"\n', "bug 1: fixed_in: not a distribution and a version: "),
    ],
)
def test_what_is_wrong_is_one_line_that_names_file_entry_and_field(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(InvalidInputError) as told:
        read_known(path)
    assert str(told.value).startswith(f"{path}: {complaint}")
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"none\.toml: the registry of known bugs cannot be read: No such file"):
        known_beside(tmp_path, ["none.toml"])
