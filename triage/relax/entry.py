"""How a script of its own enters Relax: with the program in Relax, or through torch.export and TVM's importer."""

from __future__ import annotations

import textwrap

from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.tvm import adapter
from tensorsmith.targets.tvm.passes.defaults import BUILD
from tensorsmith.targets.tvm.passes.settings import passes_in, settings_in
from tensorsmith.targets.tvm.relax.program import last_expression, program_of
from tensorsmith.triage.tir.pass_source import added_imports, context_source, pass_source, target_source


def translated_source(case: TestCase) -> str:
    """Source of `compiled_by_tvm()`, which gives the program as TVM compiles it from Relax; needs `torch` and `sys`.

    Where TVM rejects an expression of the program it shows that.

    Raises:
        InvalidInputError: the program does not come into Relax for another reason, or the pipeline has a step that
            there is not.
    """
    try:
        program = program_of(case, "translate")
    except Exception as error:
        rejected = _rejected_source(case)
        if rejected is None:
            raise InvalidInputError(
                f"no script: tensorsmith raises before TVM has the program: {adapter.first_line(error)}"
            ) from error
        return rejected
    text = str(adapter.tvm().root.ir.save_json(program.module))
    constants = (
        f"MODULE = tvm.ir.load_json(r'''{text}''')\n"
        f"OUTPUTS, WRITTEN = {len(case.graph.outputs)}, {list(program.written)}"
    )
    return "\n\n\n".join(["\n".join([*_imports(case), "", constants]), _RUNNABLE.format(body=_body(case)), _TRANSLATED])


def _rejected_source(case: TestCase) -> str | None:
    """Source of `compiled_by_tvm()` that has TVM find out the type of what it rejects; None if it rejects nothing."""
    try:
        expression = last_expression(case)
        text = str(adapter.tvm().root.ir.save_json(expression))
    except Exception:
        return None
    try:
        adapter.relax().BlockBuilder().normalize(expression)
    except Exception:
        constant = f"EXPRESSION = tvm.ir.load_json(r'''{text}''')"
        return "\n\n\n".join([f"import tvm\nfrom tvm import relax\n\n{constant}", _REJECTED])
    return None


def imported_source(case: TestCase) -> str:
    """Source of `compiled_by_tvm(fn)`, which brings a function to TVM when its first inputs come.

    Raises:
        InvalidInputError: the pipeline has a step that there is not.
    """
    return "\n\n\n".join(["\n".join(_imports(case)), _RUNNABLE.format(body=_body(case)), _IMPORTED])


def _imports(case: TestCase) -> list[str]:
    return ["import tvm", "from tvm import relax", *added_imports(case.pipeline)]


def _body(case: TestCase) -> str:
    """Statements that make `main` of `mod`: what the judge does, pass by pass."""
    settings = settings_in(case.pipeline)
    passes = [f"mod = {pass_source(step)}(mod)" for step in passes_in(case.pipeline) if step != BUILD]
    lines = [
        f"target = tvm.target.Target({target_source(settings)})",
        "mod = tvm.tirx.transform.BindTarget(target.with_host(target))(mod)",
        f"with target, {context_source(settings) or 'tvm.transform.PassContext()'}:",
        *("    " + line for line in passes),
        "    compiled = tvm.compile(mod, target=target)",
    ]
    return textwrap.indent("\n".join(lines), "    ")


_RUNNABLE = '''def runnable(mod):
    """What TVM makes of a module, from torch tensors to torch tensors."""
{body}
    main = relax.VirtualMachine(compiled, tvm.cpu())["main"]

    def run(*inputs):
        returned = main(*[tvm.runtime.from_dlpack(x.detach().clone().contiguous()) for x in inputs])
        items = [returned] if isinstance(returned, tvm.runtime.Tensor) else list(returned)
        return tuple(torch.utils.dlpack.from_dlpack(item) for item in items)

    return run'''

_TRANSLATED = '''def compiled_by_tvm():
    """The program in Relax: what it returns after its outputs is what it writes to its inputs."""
    run = runnable(MODULE)

    def outputs_of(*inputs):
        returned = run(*inputs)
        for position, value in zip(WRITTEN, returned[OUTPUTS:]):
            inputs[position].copy_(value)
        return returned[:OUTPUTS]

    return outputs_of'''

_REJECTED = '''def untyped(expression):
    """The expression anew: once read, TVM takes calls for typed."""
    if isinstance(expression, relax.Tuple):
        return relax.Tuple([untyped(item) for item in expression.fields])
    if isinstance(expression, relax.Call):
        return relax.Call(expression.op, [untyped(x) for x in expression.args], expression.attrs, expression.ty_args)
    return expression


def compiled_by_tvm():
    """TVM finds out the type of a call in the program."""
    relax.BlockBuilder().normalize(untyped(EXPRESSION))
    return fn'''

_IMPORTED = '''def compiled_by_tvm(fn):
    """The function through torch.export and TVM's importer."""
    from tvm.relax.frontend.torch import from_exported_program

    class Module(torch.nn.Module):
        def forward(self, *inputs):
            return fn(*inputs)

    def outputs_of(*inputs):
        exported = torch.export.export(Module(), inputs).run_decompositions()
        return runnable(from_exported_program(exported, run_ep_decomposition=False))(*inputs)

    return outputs_of'''
