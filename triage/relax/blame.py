"""Which pass is guilty of a failure in Relax: the first after which the program is wrong, or that raises.

After every pass the program is finished by those passes alone that it cannot do without, compiled, run and judged.
Where it is wrong, its functions of TIR run in the interpreter. If they are right there, the fault lies below: then the
first pass of TIR's default pipeline that changes the meaning of one of them is guilty, or `build` if none is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import msgspec
import torch

from tensorsmith.ir.pipeline import Pipeline
from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.judge_graph import ExpectedCall, expected_calls, judge_compiled
from tensorsmith.oracles.tir.judge import judge_passes
from tensorsmith.oracles.tir.meaning import Meaning
from tensorsmith.oracles.tir.undefined import Undefined, Unsupported
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.inputs import make_inputs
from tensorsmith.targets.isolation import Died, Limits, run_isolated
from tensorsmith.targets.registry import graph_target
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.passes.apply import apply_pass, prepare
from tensorsmith.targets.tvm.passes.defaults import BUILD, DEFAULT_TIR
from tensorsmith.targets.tvm.passes.settings import settings_in
from tensorsmith.targets.tvm.relax.program import Program, program_of, run_program
from tensorsmith.targets.tvm.relax.stages import NECESSARY, TRANSLATED, Stage, stages
from tensorsmith.targets.tvm.relax.ways import WAYS, Way
from tensorsmith.triage.relax.importer import importing_functions
from tensorsmith.triage.relax.meaning import Interpreter
from tensorsmith.triage.signature import NAN_ALGEBRA

# What is guilty where programs come out wrong of the way into Relax.
ENTRIES: dict[Way, str] = {"translate": "translation", "import": "from_exported_program"}
# Before it there is nothing that can be compiled.
LEGALIZE = "relax.LegalizeOps"

# Compiling and running after every pass takes so many times as long as once.
_TIMES = 10.0
_MARK = "tensorsmith: at "

_decoder = msgspec.json.Decoder(Verdict)


def blamed(case: TestCase, verdict: Verdict, limits: Limits) -> Verdict:
    """The verdict with the guilty pass: its name, `build`, or a way into Relax (see ENTRIES); without if none is found.

    Where what TIR makes of NaN and infinities explains a wrong result, NAN_ALGEBRA follows the name. Where the importer
    is guilty of it, the frames are its functions for the operators of the program.

    Args:
        case: a reduced test case; only those of WAYS have passes.
        verdict: how it fails.
        limits: of one run of it.
    """
    if case.target not in WAYS:
        return verdict
    allowed = Limits(limits.seconds * (1.0 if verdict.kind == "hang" else _TIMES), limits.rss_bytes)
    ended = run_isolated(lambda: msgspec.json.encode(_blamed(case, verdict)), allowed)
    if not isinstance(ended, Died):
        return _decoder.decode(ended.payload)
    reached: list[str] = re.findall(f"^{_MARK}(.*)$", ended.detail, re.MULTILINE)
    if reached and ended.cause != "exit":
        return _with(verdict, reached[-1])
    # Our own code failed: that is no secret, and does not make the failure doubtful.
    return msgspec.structs.replace(verdict, evidence=(*verdict.evidence, ("no pass was blamed", ended.detail)))


def _blamed(case: TestCase, verdict: Verdict) -> Verdict:
    way = WAYS[case.target]
    _mark(ENTRIES[way])
    try:
        program = program_of(case, way)
    except Exception:
        return _with(verdict, ENTRIES[way])
    raising = _raising(program) if verdict.kind != "wrong-result" else ""
    if raising:
        return _with(verdict, raising)
    calls = expected_calls(case)
    if isinstance(calls, Verdict):
        return verdict
    for stage in stages(program.module, case.pipeline, _mark):
        _mark(LEGALIZE if stage.name == TRANSLATED else stage.name)
        if _fails(program, stage, calls):
            return _below(verdict, program, stage, calls)
    return _with(verdict, BUILD.name)


def _with(verdict: Verdict, guilty: str) -> Verdict:
    return msgspec.structs.replace(verdict, guilty=guilty)


def _mark(name: str) -> None:
    """Say which pass comes next, should the process die in it."""
    os.write(2, f"{_MARK}{name}\n".encode())


def _raising(program: Program) -> str:
    """The first pass of Relax or of TIR that raises, or `build`; empty if none does."""
    pipeline = program.case.pipeline
    *_, last = stages(program.module, pipeline, _mark)
    if last.problem is not None:
        return last.name
    module, context = prepare(adapter.tir_functions(last.module), Pipeline(settings_in(pipeline)))
    for step in DEFAULT_TIR if module.functions else ():
        _mark(step.name)
        try:
            module = apply_pass(module, step, context)
        except Exception:
            return step.name
    _mark(BUILD.name)
    try:
        last.compiled()
    except Exception:
        return BUILD.name
    return ""


def _fails(program: Program, stage: Stage, calls: Sequence[ExpectedCall]) -> bool:
    target = graph_target(program.case.target)
    try:
        compiled = stage.compiled()
    except Exception as error:
        return judge_compiled(error, calls, target).outcome == "fail"

    def run(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        return run_program(program, compiled, inputs)

    return judge_compiled(run, calls, target).outcome == "fail"


def _below(verdict: Verdict, program: Program, stage: Stage, calls: Sequence[ExpectedCall]) -> Verdict:
    """The verdict where the program is first wrong at a stage: whether that pass is guilty, or what comes after it."""
    entry = stage.name == TRANSLATED
    above = _with(verdict, LEGALIZE if entry else stage.name)
    try:
        module = stage.module
        if NECESSARY[0] in stage.left:
            module = apply_pass(module, NECESSARY[0], stage.context)
        interpreter = Interpreter(module)
        for case, _ in calls:
            interpreter.run(make_inputs(case.graph, case.recipe))
    except Unsupported:
        return above
    except Undefined as undefined:
        said = f"{verdict.message}; its functions of TIR do what has no defined result: {undefined}"
        return msgspec.structs.replace(above, message=said)

    def run(inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        return run_program(program, Interpreter(module).run, inputs)

    if judge_compiled(run, calls, graph_target(program.case.target)).outcome == "fail":
        if not entry or not _only_imported(program.case):
            return above
        return msgspec.structs.replace(verdict, guilty=ENTRIES["import"], frames=importing_functions(program.case))
    for call in interpreter.calls:
        function = call.function.with_attr("global_symbol", adapter.ENTRY)
        meaning = Meaning(call.reference, (call.arguments,), (call.results,))
        found = judge_passes(function, Pipeline(settings_in(program.case.pipeline)), meaning)
        if found.outcome == "fail" and found.kind == "wrong-result":
            return msgspec.structs.replace(
                verdict,
                guilty=found.guilty + (NAN_ALGEBRA if found.channel == "nan-algebra" else ""),
                evidence=(*verdict.evidence, ("function of TIR", f"{adapter.script(call.function)}\n{found.message}")),
            )
    return _with(verdict, BUILD.name)


def _only_imported(case: TestCase) -> bool:
    """Whether a program that the importer brings in comes out right where it is translated."""
    if WAYS[case.target] != "import":
        return False
    name = next(name for name, way in WAYS.items() if way == "translate")
    other = msgspec.structs.replace(case, target=name)
    calls = expected_calls(other)
    if isinstance(calls, Verdict):
        return False
    target = graph_target(name)
    try:
        return judge_compiled(target.compile(other), calls, target).outcome == "pass"
    except Exception:
        return False
