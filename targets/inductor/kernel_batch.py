"""Compile the C++ kernels of many independently compiled graphs as one translation unit.

Inductor's CPU backend starts one C++ compiler per kernel, and most of that time is fixed cost (loading the
precompiled header, linking). Within :func:`deferred_kernels` each kernel is only recorded, and its caller gets a
stub; :meth:`KernelBatch.build` then joins the recorded sources that share compiler flags, pays the fixed cost
once, and resolves the stubs. The graphs themselves never meet: each was lowered on its own, each kernel keeps
its text, in a namespace of its own, and the flags are the ones Inductor itself would use, plus those asked for.
"""

from __future__ import annotations

import ctypes
import functools
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch._inductor import config, cpp_builder
from torch._inductor.async_compile import AsyncCompile
from torch._inductor.codecache import CppPythonBindingsCodeCache
from torch._inductor.cpu_vec_isa import pick_vec_isa
from torch._inductor.exc import CppCompileError

from tensorsmith.targets.inductor.joint_source import entry_name, guilty_kernels, join_kernels, split_kernel

Kernel = Callable[..., None]

MAX_KERNELS_PER_UNIT = 96  # bounds the memory and the time of one compiler process
MAX_JOINT_ATTEMPTS = 4  # GCC's optimizer stops at its first error, so the guilty may show up one by one
MAX_REMEMBERED = 4096
# Half the time of the C++ compiler: what Inductor generates is vectorized by hand, and nobody reads the warnings.
QUICK_FLAGS = ("-O1", "-w")
_FLAG_KNOB = re.compile(r"(cpp|aot_inductor)\.|cpp_cache_precompile_headers$")

_Key = tuple[str, tuple[str, ...], str]
_remembered: OrderedDict[_Key, Kernel] = OrderedDict()

# The argument types that stock Inductor's own bindings know, besides pointers.
_SCALARS: dict[str, Any] = {"int64_t": ctypes.c_int64, "uintptr_t": ctypes.c_size_t, "float": ctypes.c_float}


@dataclass(frozen=True)
class BuildReport:
    """What one :meth:`KernelBatch.build` did.

    ``kernels`` counts stubs; ``reused`` those whose source and flags were built before or came twice;
    ``translation_units`` sources given to the C++ compiler (or found built in Inductor's cache directory);
    ``failed`` stubs whose C++ does not build.
    """

    kernels: int
    reused: int
    translation_units: int
    seconds: float
    failed: int


class CompiledNotRun(BaseException):
    """Stops a compiled function, in :meth:`KernelBatch.compile_only`, at its first kernel that is not built yet.

    Not an ``Exception``: a GraphModule handles those with code that Dynamo would then try to compile.
    """


@dataclass(frozen=True)
class _Recorded:
    """A kernel's C++ as Inductor handed it over, with the flags and the settings they come from."""

    argtypes: tuple[str, ...]
    source: str
    command_line: str
    knobs: dict[str, Any]
    extra_flags: tuple[str, ...]

    @property
    def key(self) -> _Key:
        return (" ".join((self.command_line, *self.extra_flags)), self.argtypes, self.source)

    def load_stock(self) -> Kernel:
        with config.patch(self.knobs):
            kernel: Kernel = CppPythonBindingsCodeCache.load_pybinding(list(self.argtypes), self.source)
        return kernel


class KernelStub:
    """A kernel that may not be built yet; callable like the binding that stock Inductor would have loaded.

    Called before :meth:`KernelBatch.build`, it is built alone, as stock Inductor does. A kernel whose C++ did not
    build raises stock Inductor's own exception, at each call.
    """

    __slots__ = ("_batch", "call", "error", "recorded")

    def __init__(self, recorded: _Recorded, batch: KernelBatch) -> None:
        self.call: Kernel | None = None
        self.error: Exception | None = None
        self.recorded = recorded
        self._batch = batch

    def __call__(self, *args: Any) -> None:
        if self.call is None:
            if self.error is not None:
                raise self.error.with_traceback(None)
            if self._batch.compiling_only:
                raise CompiledNotRun
            self.call = self.recorded.load_stock()
        self.call(*args)


@dataclass
class KernelBatch:
    """The kernels recorded since the last build; joint units are compiled with ``extra_flags`` after Inductor's own."""

    extra_flags: tuple[str, ...] = ()
    pending: list[KernelStub] = field(default_factory=list)
    compiling_only: bool = False

    def record(self, argtypes: Sequence[str], source: str) -> KernelStub:
        """Note one kernel under the compiler flags in force now, and return its stub."""
        knobs = {name: value for name, value in config.get_config_copy().items() if _FLAG_KNOB.match(name)}
        stub = KernelStub(_Recorded(tuple(argtypes), source, _command_line(repr(knobs)), knobs, self.extra_flags), self)
        self.pending.append(stub)
        return stub

    def compile_only(self, compiled: Callable[..., Any], *inputs: Any) -> None:
        """Call a ``torch.compile``d function just to have it compiled: it stops at the first kernel not built yet.

        ``torch.compile`` compiles at the first call, so without this the kernels would be built one by one at
        once. What precedes that kernel does run: pass clones of the inputs, and restore the random state.
        """
        self.compiling_only = True
        try:
            compiled(*inputs)
        except CompiledNotRun:
            pass
        finally:
            self.compiling_only = False

    def build(self) -> BuildReport:
        """Compile everything recorded since the last build and resolve its stubs.

        Sources that share flags go into one translation unit. If that does not compile, the kernels named in the
        compiler's errors are built alone, so that each keeps the exception that stock Inductor would raise, for
        its own stub, and the others are joined again. Never raises for a kernel's own C++ error.
        """
        start = time.perf_counter()
        stubs, self.pending = self.pending, []
        fresh = {stub.recorded.key: stub.recorded for stub in stubs if stub.recorded.key not in _remembered}
        by_flags: dict[str, list[_Recorded]] = {}
        for recorded in fresh.values():
            by_flags.setdefault(recorded.command_line, []).append(recorded)
        units = 0
        for group in by_flags.values():
            for first in range(0, len(group), MAX_KERNELS_PER_UNIT):
                units += _build_joint(group[first : first + MAX_KERNELS_PER_UNIT])
        errors: dict[_Key, Exception] = {}
        for key, recorded in fresh.items():
            if key not in _remembered:
                units += 1
                try:
                    _remembered[key] = recorded.load_stock()
                except Exception as error:
                    errors[key] = error
        for stub in stubs:
            stub.call = _remembered.get(stub.recorded.key)
            stub.error = errors.get(stub.recorded.key)
            if stub.call is not None:
                _remembered.move_to_end(stub.recorded.key)
        while len(_remembered) > MAX_REMEMBERED:
            _remembered.popitem(last=False)
        failed = sum(stub.error is not None for stub in stubs)
        return BuildReport(len(stubs), len(stubs) - len(fresh), units, time.perf_counter() - start, failed)


@contextmanager
def deferred_kernels(extra_flags: tuple[str, ...] = ()) -> Iterator[KernelBatch]:
    """While open, Inductor's C++ kernels of this process are recorded in the batch instead of being built.

    ``extra_flags`` are given to the C++ compiler after Inductor's own; a kernel that is built alone has only those.

    The batch may be built inside or after the block. Kernels that reach Inductor by another way than its
    default Python wrapper (``cpp_wrapper``, GPU kernels) are not touched.
    """
    batch = KernelBatch(extra_flags)
    patched: Any = AsyncCompile
    stock = patched.cpp_pybinding

    def cpp_pybinding(_self: AsyncCompile, argtypes: list[str], source_code: str) -> KernelStub:
        return batch.record(argtypes, source_code)

    patched.cpp_pybinding = cpp_pybinding
    try:
        yield batch
    finally:
        patched.cpp_pybinding = stock


@functools.lru_cache(maxsize=256)
def _command_line(_knobs: str) -> str:
    """The compiler command that Inductor would use under the settings now in force, file names left out."""
    options = cpp_builder.CppTorchDeviceOptions(
        vec_isa=pick_vec_isa(), device_type="cpu", **CppPythonBindingsCodeCache.cpp_compile_command_flags
    )
    return cpp_builder.CppBuilder(name="o", sources="i", BuildOption=options).get_command_line()


class _JointCodeCache(CppPythonBindingsCodeCache):
    """Inductor's compiler flags, precompiled header and file layout, but a plain shared library is loaded."""

    cache: ClassVar[dict[str, Callable[[], Any]]] = {}  # type: ignore[misc]

    @classmethod
    def _load_library_inner(cls, path: str, key: str) -> Any:
        return ctypes.CDLL(path)


def _build_joint(recorded: Sequence[_Recorded]) -> int:
    """Build what can be joined and remember it; returns how often the compiler ran."""
    joinable = [
        (one, kernel)
        for one in recorded
        if (kernel := split_kernel(one.argtypes, one.source)) and _ctypes_of(one.argtypes) is not None
    ]
    for attempt in range(1, MAX_JOINT_ATTEMPTS + 1):
        if not joinable:
            return attempt - 1
        try:
            with config.patch(joinable[0][0].knobs):
                source = join_kernels([kernel for _, kernel in joinable])
                library = _JointCodeCache.load(source, extra_flags=joinable[0][0].extra_flags)
        except (CppCompileError, OSError) as error:
            guilty = guilty_kernels(str(error))
            if not guilty:
                return attempt
            joinable = [pair for index, pair in enumerate(joinable) if index not in guilty]
            continue
        finally:
            _JointCodeCache.cache.clear()
        for index, (one, _) in enumerate(joinable):
            _remembered[one.key] = _bind(getattr(library, entry_name(index)), one.argtypes)
        return attempt
    return MAX_JOINT_ATTEMPTS


def _ctypes_of(argtypes: Sequence[str]) -> list[Any] | None:
    """The ctypes of C++ argument types; None if one of them is not known to stock Inductor's bindings either."""
    bare = [argtype.replace("const ", "").strip() for argtype in argtypes]
    kinds = [ctypes.c_void_p if name.endswith("*") else _SCALARS.get(name) for name in bare]
    return None if None in kinds else kinds


def _bind(entry: Any, argtypes: Sequence[str]) -> Kernel:
    """A Python function that passes tensors as addresses and numbers as they are, and raises what C++ threw."""
    kinds = _ctypes_of(argtypes)
    assert kinds is not None
    entry.argtypes, entry.restype = kinds, ctypes.c_char_p
    is_tensor = [kind is ctypes.c_void_p for kind in kinds]

    def kernel(*args: Any) -> None:
        if len(args) != len(is_tensor):
            raise RuntimeError(f"requires {len(is_tensor)} args")
        message = entry(*[arg.data_ptr() if tensor else arg for arg, tensor in zip(args, is_tensor, strict=True)])
        if message is not None:
            raise RuntimeError(message.decode(errors="replace"))

    return kernel
