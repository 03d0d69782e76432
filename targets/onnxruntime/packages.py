"""The packages that this target takes, loaded when they are needed."""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from tensorsmith.ir.errors import EnvironmentLacksError


def onnxruntime() -> Any:
    """The package onnxruntime, if what exports models for it is there as well.

    Raises:
        EnvironmentLacksError: one of them is not installed.
    """
    try:
        for name in ("onnx", "onnxscript"):
            importlib.import_module(name)
        return importlib.import_module("onnxruntime")
    except ImportError as error:
        raise EnvironmentLacksError(
            "programs are exported with onnx and onnxscript and run by onnxruntime, which are not all installed "
            f"({error}): pip install 'tensorsmith[onnx]'"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Without what the exporter says on every call: which packages it has not, and what will once be deprecated."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def keep_functions() -> None:
    """Let the exporter make its table of functions once, and not in every call, where it takes half of the time.

    Without effect on a torch that keeps it elsewhere.
    """
    try:
        registry: Any = importlib.import_module("torch.onnx._internal.exporter._registration").ONNXRegistry
        registry.from_torchlib = staticmethod(cache(registry.from_torchlib))
    except (ImportError, AttributeError):
        return
