"""How a script of its own runs a function by ONNX Runtime: torch.export, torch's exporter of ONNX, a session."""

from __future__ import annotations

from tensorsmith.ir.testcase import TestCase
from tensorsmith.targets.onnxruntime.knobs import LEVELS
from tensorsmith.targets.onnxruntime.session import disabled_in, level_of


def onnxruntime_source(case: TestCase) -> str:
    """Source of `compiled_by_onnxruntime(fn)`, which exports a function when its first inputs come; needs `torch`."""
    level = level_of(case.pipeline)
    chosen = f"onnxruntime.GraphOptimizationLevel.{LEVELS[level]}" if level else ""
    disabled = disabled_in(case.pipeline)
    return "\n".join(
        [
            "import onnxruntime",
            "",
            "",
            _SESSION.format(
                level=f"    options.graph_optimization_level = {chosen}\n" if chosen else "",
                disabled=f",\n        disabled_optimizers={list(disabled)}" if disabled else "",
            ),
            "",
            "",
            _COMPILED,
        ]
    )


_SESSION = '''def session_of(model):
    """A session for a model on the CPU, in one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
{level}    return onnxruntime.InferenceSession(
        model,
        options,
        providers=["CPUExecutionProvider"]{disabled},
    )


def to_value(x):
    x = x.detach().clone(memory_format=torch.contiguous_format)
    if x.dtype == torch.bool:  # which DLPack does not bring to ONNX Runtime
        return onnxruntime.OrtValue.ortvalue_from_numpy(x.numpy())
    return onnxruntime.OrtValue.from_dlpack(x)


def to_tensor(value):
    x = torch.utils.dlpack.from_dlpack(value)
    return x.view(torch.bool) if value.data_type() == "tensor(bool)" else x'''

_COMPILED = '''def compiled_by_onnxruntime(fn):
    """The function as a model of ONNX. What it writes to its inputs comes after its outputs, and is copied there."""

    class Module(torch.nn.Module):
        def forward(self, *inputs):
            own = [x.clone() if n in written else x for n, x in enumerate(inputs)]
            return (*fn(*own), *(own[n] for n in written))

    written, sessions = [], []

    def run(*inputs):
        if not sessions:
            copies = [x.clone() for x in inputs]
            fn(*copies)
            written.extend(n for n, x in enumerate(copies) if x._version)
            exported = torch.export.export(Module(), inputs)
            model = torch.onnx.export(exported, dynamo=True, verbose=False).model_proto
            sessions.append(session_of(model.SerializeToString()))
        feeds = {item.name: to_value(x) for item, x in zip(sessions[0].get_inputs(), inputs)}
        returned = [to_tensor(value) for value in sessions[0].run_with_ort_values(None, feeds)]
        count = len(returned) - len(written)
        for n, value in zip(written, returned[count:]):
            inputs[n].copy_(value)
        return tuple(returned[:count])

    return run'''
