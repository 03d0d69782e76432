"""Counts of argument choices: kept over runs, and told apart from their absence."""

import sqlite3
from pathlib import Path

from tensorsmith.corpus.schema import FILE_NAME
from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store


def test_choices_add_up_over_runs(tmp_path: Path) -> None:
    with Store.create(tmp_path / "c", Settings()) as store:
        assert store.choices() == {}
        store.add_choices({"aten.sum.default": 3, "aten.sum.default dtype=None": 2})
    with Store.open(tmp_path / "c") as store:
        store.add_choices({"aten.sum.default": 1})
        assert store.choices() == {"aten.sum.default": 4, "aten.sum.default dtype=None": 2}


def test_a_campaign_of_before_has_none_until_it_goes_on(tmp_path: Path) -> None:
    Store.create(tmp_path / "c", Settings()).close()
    with sqlite3.connect(tmp_path / "c" / FILE_NAME) as database:
        database.execute("DROP TABLE choices")
    database.close()
    with Store.open(tmp_path / "c") as store:
        assert store.choices() is None
        store.add_choices({"aten.sum.default": 1})
        assert store.choices() == {"aten.sum.default": 1}
