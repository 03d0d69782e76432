"""Which data file a version of torch gets, and what people are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from tensorsmith.generators.data_files import BOOK, TABLE, nearest_name, own_name
from tensorsmith.generators.table import table_notice


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    nearest_name.cache_clear()
    yield
    nearest_name.cache_clear()


@pytest.mark.parametrize(
    ("version", "own"), [("2.13.0+cpu", "torch-2.13"), ("2.6.1", "torch-2.6"), ("3.0a0", "torch-3.0")]
)
def test_an_installed_version_has_its_own_names_and_gets_the_nearest_file(
    version: str, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "__version__", version)
    assert own_name(TABLE) == f"{own}.jsonl"
    assert nearest_name(TABLE) == "torch-2.13.jsonl"
    assert nearest_name(BOOK) == "torch-2.13.rules.jsonl"
    assert own_name(BOOK) == f"{own}.rules.jsonl"


def test_no_file_of_a_kind_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"torch-\*\.nothing"):
        nearest_name(".nothing")


def test_who_has_another_version_is_told_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert table_notice() == ""
    monkeypatch.setattr(torch, "__version__", "2.99.1")
    assert table_notice().startswith("torch 2.99.1 works with torch-2.13.jsonl; operators that are new in it are not")
