"""Maps of what a campaign covered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyroaring import BitMap

from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.coverage.maps import Maps, take_all


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "campaign", Settings()) as made:
        yield made


def test_a_feature_is_new_once(store: Store) -> None:
    maps = Maps(store.coverage)
    first = maps.take_names("passes", ["fold", "fuse"])
    assert (len(first.first), len(first.every), first.names) == (2, 2, {0: "fold", 1: "fuse"})
    second = maps.take_names("passes", ["fuse", "inline"])
    assert (len(second.first), len(second.every), second.names) == (1, 2, {2: "inline"})
    assert not maps.take_names("passes", ["inline", "fold"]).first


def test_observers_do_not_share_features(store: Store) -> None:
    maps = Maps(store.coverage)
    blocks = BitMap([1, 2]).serialize()
    added = take_all(maps, {"passes": ("fold",), "nothing": ()}, {"blocks": blocks, "lines": blocks})
    assert [(one.observer, len(one.first)) for one in added] == [("passes", 1), ("blocks", 2), ("lines", 2)]


def test_a_campaign_that_goes_on_knows_what_was_covered(store: Store) -> None:
    maps = Maps(store.coverage)
    added = take_all(maps, {"passes": ("fold", "fuse")}, {"blocks": BitMap([4]).serialize()})
    store.coverage.add("case", 1.0, added)
    again = Maps(store.coverage, ["blocks"])
    assert again.numbered() == {"blocks": BitMap([4])}
    assert not again.take_names("passes", ["fuse"]).first
    assert again.take_names("passes", ["inline"]).first == BitMap([2])
    assert not again.take("blocks", BitMap([4])).first
