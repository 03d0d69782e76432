"""Native code against the interpreter: what is left of a program is lowered, compiled and run."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any

from tensorsmith.ir.pipeline import Step
from tensorsmith.oracles.tir.errors import failed_in, first_line
from tensorsmith.oracles.tir.interpreter import Reference, compile_function
from tensorsmith.oracles.tir.meaning import WIDENS, Meaning, widened, wrong_meaning, wrong_widening
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm import adapter, build, c_source
from tensorsmith.targets.tvm.passes.apply import Context, apply_pass, build_module, generate_code
from tensorsmith.targets.tvm.passes.defaults import BUILD, CODEGEN, DEFAULT_LOWERING
from tensorsmith.targets.tvm.passes.ends import native_name
from tensorsmith.targets.tvm.passes.settings import DEFAULT_OPT_LEVEL, Settings

NAME = "native"

# What TVM's generator of C does without: operators, and types that it writes and C does not have.
_NO_OPERATOR = re.compile(r'Unresolved call .*?name="([\w.]+)"')
_NO_TYPE = re.compile(
    "(?=.*(?:undeclared|unknown type name)).*?[\u2018']"
    "((?:half|float|double|bool|u?int(?:\\d+_t)?|u?char|u?short|u?long)\\d*)[\u2019']"
)


def judge_native(
    module: Any, end: Step, settings: Settings, context: Context, meaning: Meaning | None
) -> Verdict | None:
    """Build a module, run it, and give the verdict if it does not do what the program did; None if it does.

    Args:
        module: what is left after the passes of a pipeline.
        end: `build`, or `codegen`, which the module must be lowered for.
        settings: of the pipeline.
        context: what its passes ran under.
        meaning: of the program; None where it cannot be compared, so that only errors count.
    """
    name = native_name(end, settings)
    in_c = dict(settings.target).get("kind") == "c"
    if in_c and c_source.compiler() is None:
        return Verdict("limitation", NAME, reason=f"{name}: there is no C compiler, so that C is not compared")
    try:
        built = generate_code(module, context) if end == CODEGEN else build_module(module, context)
        if in_c:
            built = c_source.loaded(built)
    except Exception as error:
        return _lacking(name, error) if in_c and _lack(error) else failed_in(name, error, settings.free_order)
    if meaning is None:
        return None
    if meaning.reference.excess:
        reference = _widened(module, context)
        if reference is None:
            return None
        where = f"after {WIDENS.name} in {name}"
        verdict = wrong_widening(meaning, reference, NAME, name, where)
        kept = widened(meaning, reference)
        if verdict is not None or kept is None:
            return verdict
        meaning = kept
    way = _way(end, settings)
    return wrong_meaning(meaning, partial(build.run, built), None, NAME, name, f"the native code{way}:")


def _widened(module: Any, context: Context) -> Reference | None:
    """What a build makes of a module up to where arithmetic of bfloat16 has become that of float32, which says how
    often it rounds; None where that cannot be run."""
    under = replace(context, pass_context=context.build_context)
    for step in DEFAULT_LOWERING[: DEFAULT_LOWERING.index(WIDENS) + 1]:
        module = apply_pass(module, step, under)
    func = adapter.only_function(module)
    if func is None:
        return None
    try:
        return compile_function(func, lazy=True)
    except Unsupported:
        return None


def _lack(error: BaseException) -> str:
    found = _NO_OPERATOR.search(str(error)) or _NO_TYPE.search(str(error))
    return "" if found is None else found.group(1)


def _lacking(name: str, error: BaseException) -> Verdict:
    return Verdict("limitation", NAME, reason=f"{name}: no `{_lack(error)}` in C", message=first_line(error))


def _way(end: Step, settings: Settings) -> str:
    """Of another way than TVM's default one, what is different, in brackets."""
    target = dict(settings.target)
    parts = ["generated as C"] if target.get("kind") == "c" else []
    parts += ["of the least lowering"] if end != BUILD else []
    parts += [f"at the code generator's level {target['opt-level']}"] if "opt-level" in target else []
    parts += [f"at level {settings.opt_level} of passes"] if settings.opt_level != DEFAULT_OPT_LEVEL else []
    return f" ({', '.join(parts)})" if parts else ""
