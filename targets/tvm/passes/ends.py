"""What a pipeline may end with: native code, by TVM's default lowering or from what the passes have left.

Either takes the code generator of the pipeline's target: LLVM, or that of C, whose source a C compiler compiles.
"""

from __future__ import annotations

from tensorsmith.ir.pipeline import Step
from tensorsmith.targets.tvm.passes.catalog import find_pass
from tensorsmith.targets.tvm.passes.defaults import BUILD, CODEGEN
from tensorsmith.targets.tvm.passes.entry import PassEntry
from tensorsmith.targets.tvm.passes.settings import Settings

# With what these require in turn, the least that code can be generated from.
_NEEDS = ("tirx.BF16ComputeLegalize", "tirx.BF16StorageLegalize", "tirx.LowerTVMBuiltin", "tirx.LowerIntrin")

_ENDS: dict[str, PassEntry] = {
    BUILD.name: PassEntry(BUILD.name, note="TVM's default pipeline, and the code generator"),
    CODEGEN.name: PassEntry(CODEGEN.name, requires=_NEEDS, deadly=True, note="the code generator alone"),
}
_LLVM = "llvm"


def is_end(step: Step) -> bool:
    """Whether a step makes native code, so that it comes last."""
    return step in (BUILD, CODEGEN)


def entry_of(name: str) -> PassEntry:
    """What is known about a pass, `build` or `codegen`.

    Raises:
        InvalidInputError: there is none of this name.
    """
    return _ENDS.get(name) or find_pass(name)


def native_name(end: Step, settings: Settings) -> str:
    """What is guilty of wrong native code: `build` or `codegen`, with the code generator where it is not LLVM's."""
    kind = dict(settings.target).get("kind", _LLVM)
    return end.name if kind == _LLVM else f"{end.name}:{kind}"


def step_name(guilty: str) -> str:
    """The name of the step that is guilty: the reverse of `native_name`; of a pass its own."""
    name = guilty.partition(":")[0]
    return name if name in _ENDS else guilty


def makes_native_code(guilty: str) -> bool:
    """Whether what is guilty is no pass."""
    return step_name(guilty) in _ENDS
