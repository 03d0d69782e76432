"""What a failure was seen with."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = (("TVM", "apache-tvm"), ("tvm-ffi", "apache-tvm-ffi"), ("NumPy", "numpy"))


def versions() -> tuple[tuple[str, str], ...]:
    """Names and versions of TVM, of its parts that are packages of their own, of NumPy and of Python."""
    found = [(name, _version(package)) for name, package in _PACKAGES]
    return (*found, ("Python", platform.python_version()))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # built from source
        return "of unknown version"
