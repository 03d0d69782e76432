"""`campaign.toml`: what is written is read, and what is wrong in it is named."""

from pathlib import Path

import pytest

from tensorsmith.corpus.settings import Settings, installed_versions, read_settings, write_settings
from tensorsmith.ir.errors import InvalidInputError


def test_settings_round_trip(tmp_path: Path) -> None:
    settings = Settings(
        targets=("inductor", "aot_eager"),
        seed=3,
        workers=2,
        size=12,
        time_limit=30.5,
        memory_limit=1 << 30,
        coverage=False,
        imports=("my.backend",),
        operators=("operators/own-1234.jsonl",),
        known=("/repository/known.toml",),
        versions=(("torch", "2.13.0"), ("python", "3.11.7")),
    )
    write_settings(tmp_path, settings)
    assert read_settings(tmp_path) == settings


def test_a_file_that_a_person_wrote_needs_only_what_differs(tmp_path: Path) -> None:
    (tmp_path / "campaign.toml").write_text('[settings]\ntargets = ["inductor"]\nseed = 5\n')
    assert read_settings(tmp_path) == Settings(seed=5)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[settings]\nworkers = "two"\n', r"Expected `int`, got `str` - at `\$\.settings\.workers`"),
        ("[settings]\nspeed = 9\n", "unknown field `speed`"),
        ("[settings\n", r"campaign\.toml: "),
        ("", "missing required field `settings`"),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_field(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "campaign.toml").write_text(text)
    with pytest.raises(InvalidInputError, match=complaint) as raised:
        read_settings(tmp_path)
    assert str(raised.value).startswith(str(tmp_path / "campaign.toml"))
    assert "\n" not in str(raised.value)


def test_versions_are_of_what_is_installed() -> None:
    versions = dict(installed_versions())
    assert versions["tensorsmith"]
    assert versions["torch"]
    assert versions["python"].startswith("3.")
