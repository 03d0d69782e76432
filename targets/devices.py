"""Whether a device is there."""

from __future__ import annotations

import torch

from tensorsmith.ir.testcase import Device


def missing_device(device: Device) -> str | None:
    """Why a device cannot be used here, with the remedy, or None if it can."""
    if device == "cuda" and not torch.cuda.is_available():
        return f"no CUDA device: torch {torch.__version__} sees none; use --device cpu, or a CUDA build and a GPU"
    return None
