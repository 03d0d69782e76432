"""The target `tvm-tir`: TVM's passes over functions of TIR, and its code generators."""

from __future__ import annotations

from tensorsmith.ir.errors import EnvironmentLacksError
from tensorsmith.ir.testcase import Device
from tensorsmith.targets.api import Programs
from tensorsmith.targets.tvm import adapter


class TvmTir:
    """Apache TVM from functions of TIR down."""

    name = "tvm-tir"
    summary = "Apache TVM from TIR down: passes in any legal order, each judged by an interpreter, and native code"
    devices: tuple[Device, ...] = ("cpu",)
    packages: tuple[str, ...] = ("tvm",)
    programs: Programs = "tir"

    def missing(self, device: Device) -> str | None:
        """See Target."""
        try:
            adapter.tvm()
        except EnvironmentLacksError as error:
            return str(error)
        return None

    def warm(self) -> None:
        """See Target."""
        adapter.tvm()
