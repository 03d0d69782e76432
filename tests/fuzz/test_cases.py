"""What people name as CASE and PATH, and what is known of it."""

import shutil
from pathlib import Path

import msgspec
import pytest

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.cli.cases import named_case, replay_items
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.testcase import TestCase, encode


def test_a_case_is_a_file_a_finding_or_an_id(campaign: Path, good_case: TestCase, tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_bytes(encode(good_case))
    assert named_case(str(file), None, None) == good_case
    assert named_case(str(campaign / "findings" / "aa11"), None, None) == good_case
    assert named_case("aa", campaign, None) == good_case
    assert named_case("aa", campaign, "inductor") == msgspec.structs.replace(good_case, target="inductor")


def test_a_campaign_is_replayed_as_far_as_it_is_shown(campaign: Path) -> None:
    with Store.open(campaign) as store:
        store.mark("ab22", "unconfirmed")
    (item,) = replay_items(campaign)
    assert item.path == campaign / "findings" / "aa11"
    assert item.status == "confirmed"
    assert item.expected is not None
    assert item.expected.channel == "dtype"


def test_a_finding_knows_its_status_where_its_campaign_is(campaign: Path, tmp_path: Path) -> None:
    with Store.open(campaign) as store:
        store.mark("ab22", "fixed")
    (item,) = replay_items(campaign / "findings" / "ab22")
    assert item.status == "fixed"
    copied = tmp_path / "regressions" / "ab22"
    shutil.copytree(item.path, copied)
    (elsewhere,) = replay_items(copied)
    assert elsewhere.status is None
    assert elsewhere.expected == item.expected


def test_a_bare_case_has_no_expectation(campaign: Path) -> None:
    (item,) = replay_items(campaign / "findings" / "aa11" / "testcase.json")
    assert (item.expected, item.status) == (None, None)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "Input data was truncated"),
        (b'{"outcome": "pass", "oracle": "differential"}', "a verdict of pass has no signature"),
    ],
)
def test_a_damaged_verdict_is_named(campaign: Path, content: bytes, complaint: str) -> None:
    path = campaign / "findings" / "aa11" / "verdict.json"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=complaint) as raised:
        replay_items(path.parent)
    assert str(raised.value).startswith(f"{path}: not the verdict of a failure")
