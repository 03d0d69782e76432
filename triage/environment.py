"""What a failure was seen with."""

from __future__ import annotations

import contextlib
import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version

import torch
from torch.utils import collect_env

# What collect_env says at length and no report needs: of the processor only these lines, and no weaknesses of it.
_PROCESSOR = ("Architecture", "CPU(s)", "Model name", "Flags")
# Of the flags of a processor, those that choose code in compilers.
_FLAGS = re.compile(r"\b(avx\w*|amx\w*|fma|f16c|sse4_2|sve\w*|neon)\b")
_UNKNOWN = re.compile(r"[:\]] (N/A|None|Could not collect)$")


def versions() -> tuple[tuple[str, str], ...]:
    """What the failure was seen with, by name."""
    found = [("torch", torch.__version__), ("Python", platform.python_version()), ("platform", platform.platform())]
    if torch.cuda.is_available():
        found.append(("GPU", torch.cuda.get_device_name()))
    compiler = shutil.which("g++")
    if compiler is not None:
        said = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=20).stdout
        found.append(("C++ compiler", said.split("\n", 1)[0]))
    return tuple(found)


def versions_of(*packages: str) -> tuple[tuple[str, str], ...]:
    """The versions of those packages that are installed, by name."""
    found: list[tuple[str, str]] = []
    for package in packages:
        with contextlib.suppress(PackageNotFoundError):
            found.append((package, version(package)))
    return tuple(found)


def environment() -> str:
    """What `python -m torch.utils.collect_env` prints, without what could not be collected and most of the processor.

    Takes some seconds, because it asks the package installer.
    """
    return shortened(str(collect_env.get_pretty_env_info()))


def shortened(text: str) -> str:
    """The text of collect_env, shortened."""
    kept: list[str] = []
    of_processor = False
    for line in text.strip().splitlines():
        if line in ("CPU:", "Versions of relevant libraries:"):
            of_processor = line == "CPU:"
        elif of_processor and line.strip():
            name, _, value = line.partition(":")
            if name.strip() not in _PROCESSOR:
                continue
            value = " ".join(_FLAGS.findall(value)) if name.strip() == "Flags" else value.strip()
            line = f"{name.strip()}: {value}"
        if not _UNKNOWN.search(line):
            kept.append(line)
    return "\n".join(kept)
