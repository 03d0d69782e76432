"""What wrong passes of Relax do with a module; for `tvm.transform.module_pass`."""

from __future__ import annotations

import os
import signal
from typing import Any

from tensorsmith.targets.tvm import adapter


def subtract_instead(module: Any, _: object) -> Any:
    """Wrong results."""
    ir = adapter.tvm().root.ir
    return ir.load_json(ir.save_json(module).replace('"relax.add"', '"relax.subtract"'))


def fail(module: Any, _: object) -> Any:
    """An error."""
    raise ValueError("planted")


def die(module: Any, _: object) -> Any:
    """The death of the process."""
    os.kill(os.getpid(), signal.SIGSEGV)
