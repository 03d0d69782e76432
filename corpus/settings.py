"""The settings of a campaign, kept in `campaign.toml`."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

import msgspec

from tensorsmith.corpus.files import write_named
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.testcase import Device

FILE_NAME = "campaign.toml"

# Distributions whose version can change what a test case does.
_VERSIONED = ("tensorsmith", "torch", "numpy", "apache-tvm", "onnxruntime")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a campaign runs.

    `size` is the number of operators a random graph is to have; `schedule` says what is tested next; `time_limit` is in
    seconds and `memory_limit` in bytes of resident memory, both for one test; `imports` are modules that workers import
    first, such as one that registers a torch.compile backend; `operators` are files of operators that programs are made
    of beside those of the table that ships, as paths relative to the campaign's directory; `known` are registries of
    known bugs beside the `known.toml` that the directory may have; `versions` are those that the campaign last ran
    with.
    """

    targets: tuple[str, ...] = ("inductor",)
    device: Device = "cpu"
    seed: int = 0
    workers: int = 1
    size: int = 8
    time_limit: float = 60.0
    memory_limit: int = 6 << 30
    coverage: bool = True
    schedule: str = "joint"
    # Modules or Python files to import first, which register a user's own backends.
    imports: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()


class _File(msgspec.Struct, forbid_unknown_fields=True):
    settings: Settings
    versions: dict[str, str] = {}


def write_settings(directory: Path, settings: Settings) -> None:
    """Write `campaign.toml` into a directory that exists.

    Raises:
        StoreError: it cannot be written.
    """
    versions = dict(settings.versions)
    table = msgspec.to_builtins(settings)
    del table["versions"]
    write_named(directory / FILE_NAME, msgspec.toml.encode({"settings": table, "versions": versions}))


def read_settings(directory: Path) -> Settings:
    """Read `campaign.toml` of a campaign directory.

    Raises:
        InvalidInputError: there is none, it cannot be read, or a field is missing or mistyped.
    """
    path = directory / FILE_NAME
    try:
        read = msgspec.toml.decode(path.read_bytes(), type=_File)
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidInputError(
            f"{directory}: not a campaign directory (no {FILE_NAME}); make one with `tensorsmith fuzz {directory}`"
        ) from None
    except OSError as error:
        raise InvalidInputError(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path}: {error}") from error
    return msgspec.structs.replace(read.settings, versions=tuple(read.versions.items()))


def installed_versions() -> tuple[tuple[str, str], ...]:
    """Versions of Python and of the installed distributions that matter, without importing them."""
    found = [(name, distribution.version) for name in _VERSIONED for distribution in metadata.distributions(name=name)]
    return (("python", platform.python_version()), *dict(found).items())


def available_cores() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
