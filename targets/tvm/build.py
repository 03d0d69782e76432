"""What code is generated for and under, generating it, and running it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.targets.tvm import adapter


def target(attributes: Mapping[str, Any]) -> Any:
    """A target, with itself as its host.

    Args:
        attributes: `kind`, and others that it has.

    Raises:
        InvalidInputError: TVM knows no such target.
    """
    root = adapter.tvm().root
    try:
        made = root.target.Target({k: list(v) if isinstance(v, tuple) else v for k, v in attributes.items()})
        return made.with_host(made)
    except (RuntimeError, TypeError, ValueError) as error:
        raise InvalidInputError(f"step `target`: {adapter.first_line(error)}") from error


def pass_context(
    config: Mapping[str, Any], opt_level: int, disabled: Sequence[str], instruments: Sequence[Any] = ()
) -> Any:
    """A PassContext; may be entered any number of times.

    Args:
        config: by key.
        opt_level: passes of a higher level do not run.
        disabled: names of passes that do not run either.
        instruments: what `adapter.pass_instrument` gave.

    Raises:
        InvalidInputError: TVM has no such key, or does not take its value.
    """
    make, every = adapter.tvm().root.transform.PassContext, list(instruments)
    try:
        return make(opt_level=opt_level, disabled_pass=list(disabled), config=dict(config), instruments=every)
    except (RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInputError(f"steps `config:...`: {adapter.first_line(error)}") from error


def build_module(mod: Any, target: Any, relax_passes: Sequence[Any] | None = None) -> Any:
    """Compile a module under the current PassContext: of PrimFuncs a library, of Relax functions an executable.

    Args:
        mod: the module.
        target: see `target`.
        relax_passes: those that run on Relax functions; None: those of `tvm.compile`.

    Raises:
        whatever TVM raises.
    """
    names = adapter.tvm()
    of_tir = all(isinstance(func, names.tirx.PrimFunc) for func in mod.functions.values())
    if of_tir:
        return names.tirx.build(mod, target)
    pipeline = "default" if relax_passes is None else names.root.transform.Sequential(list(relax_passes))
    return names.root.compile(mod, target, relax_pipeline=pipeline)


def generate_code(mod: Any, target: Any) -> Any:
    """The library that the target's code generator makes of packed PrimFuncs, under the current PassContext.

    Raises:
        whatever TVM raises.
    """
    from tvm.tirx.build import codegen_build

    return codegen_build(mod, target)


@cache
def cpu_features() -> frozenset[str]:
    """What the CPU of this machine has, in LLVM's words, such as `avx2`."""
    codegen, root = adapter.tvm().root.target.codegen, adapter.tvm().root
    here = {"kind": "llvm", "mtriple": codegen.llvm_get_system_triple(), "mcpu": codegen.llvm_get_system_cpu()}
    return frozenset(str(feature) for feature in codegen.llvm_get_cpu_features(root.target.Target(here)))


def build(func: Any, opt_level: int = 3, kind: str = "llvm") -> Any:
    """Compile a function without checks of its arguments, so that it must be run with what it asks for.

    Args:
        func: a PrimFunc.
        opt_level: 0 to 3, of the target's code generator and of the passes.
        kind: the target, as TVM names it.

    Raises:
        whatever TVM raises on a function that it cannot compile.
    """
    root, tirx = adapter.tvm().root, adapter.tvm().tirx
    target = root.target.Target({"kind": kind, "opt-level": opt_level})
    with root.transform.PassContext(opt_level=opt_level, config={"tirx.disable_assert": True}):
        return tirx.build(adapter.module(func), target)


def run(built: Any, arguments: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Run what `build` gave and return the arrays as they are afterwards.

    Args:
        built: the library.
        arguments: in the order of the parameters: an array for each buffer, a Python number for each scalar.
    """
    root = adapter.tvm().root
    passed = {
        name: root.runtime.tensor(value) if isinstance(value, np.ndarray) else value
        for name, value in arguments.items()
    }
    built[adapter.ENTRY](*passed.values())
    return {name: passed[name].numpy() for name, value in arguments.items() if isinstance(value, np.ndarray)}
