"""How a stand-alone script enters each target: plain torch code, without tensorsmith."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from torch._dynamo.backends import registry

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.registry import find_target
from tensorsmith.targets.torch_backend import DYNAMIC
from tensorsmith.triage.onnxruntime_entry import onnxruntime_source
from tensorsmith.triage.registrations import import_source
from tensorsmith.triage.relax.entry import imported_source, translated_source


@dataclass(frozen=True)
class Entry:
    """Python source: statements that come first, the expression that compiles `fn`, and a context for compiling and
    running it, empty if there is none."""

    compile: str
    preamble: str = ""
    context: str = ""


def entry(case: TestCase) -> Entry:
    """How a script enters the test case's target with its pipeline.

    A third party's target may have a method `script_entry(case)` that returns an Entry.

    Raises:
        InvalidInputError: the target is unknown, or nothing says how a script would enter it.
    """
    for prefix, make in ENTRIES:
        if case.target == prefix or (prefix.endswith(":") and case.target.startswith(prefix)):
            return make(case)
    own = getattr(find_target(case.target), "script_entry", None)
    if own is None:
        raise InvalidInputError(
            f"target `{case.target}` has no stand-alone form; give it a method `script_entry(case) -> Entry`"
        )
    found: Entry = own(case)
    return found


def _inductor(case: TestCase) -> Entry:
    options = {step.name: step.parameter("value") for step in case.pipeline.steps if step.name != DYNAMIC.name}
    compiled = f"torch.compile(fn{_dynamic(case)}, fullgraph=True)"
    if not options:
        return Entry(compiled, _NO_GRAPH_CACHES)
    settings = ", ".join(f'"{name}": {value!r}' for name, value in options.items())
    return Entry(compiled, _NO_GRAPH_CACHES, f"torch._inductor.config.patch({{{settings}}})")


def _backend(case: TestCase) -> Entry:
    backend = case.target.removeprefix("torch:")
    preamble = "\n".join(filter(None, (_NO_GRAPH_CACHES, _registration(backend))))
    return Entry(f'torch.compile(fn, backend="{backend}"{_dynamic(case)}, fullgraph=True)', preamble)


def _registration(backend: str) -> str:
    """Statements that register a backend of the user's own; empty for those that torch finds by itself."""
    function = registry._COMPILER_FNS.get(backend)
    module = sys.modules.get(getattr(function, "__module__", ""))
    file = getattr(module, "__file__", None)
    if module is None or file is None or module.__name__.split(".")[0] == "torch":
        return ""
    return import_source(module)


def _eager(case: TestCase) -> Entry:
    return Entry("fn")


def _meta(case: TestCase) -> Entry:
    return Entry("on_fake_tensors(fn)", _ON_FAKE_TENSORS)


def _relax(case: TestCase) -> Entry:
    return Entry("compiled_by_tvm()", translated_source(case))


def _relax_import(case: TestCase) -> Entry:
    return Entry("compiled_by_tvm(fn)", imported_source(case))


def _onnxruntime(case: TestCase) -> Entry:
    return Entry("compiled_by_onnxruntime(fn)", onnxruntime_source(case))


def _dynamic(case: TestCase) -> str:
    return ", dynamic=True" if any(step.name == DYNAMIC.name for step in case.pipeline.steps) else ""


# What other processes left in the user's caches would hide a failure, or be one; judges compile without them too. The
# cache of C++ kernels stays: it is by source and flags, and holds the precompiled headers.
_NO_GRAPH_CACHES = """import torch._functorch.config
import torch._inductor.config
torch._functorch.config.enable_autograd_cache = False
torch._inductor.config.fx_graph_cache = False"""

_ON_FAKE_TENSORS = '''from torch._subclasses.fake_tensor import FakeTensorMode


def on_fake_tensors(fn):
    """What compilers take the types of results from: `fn` run by meta kernels."""

    def run(*inputs):
        with FakeTensorMode() as mode:
            return fn(*[mode.from_tensor(x) for x in inputs])

    return run'''

# Names, or prefixes that end in a colon, of targets.
ENTRIES: list[tuple[str, Callable[[TestCase], Entry]]] = [
    ("inductor", _inductor),
    ("aot_eager", _backend),
    ("eager", _eager),
    ("meta", _meta),
    ("torch:", _backend),
    ("tvm-relax", _relax),
    ("tvm-relax-import", _relax_import),
    ("onnxruntime", _onnxruntime),
]
