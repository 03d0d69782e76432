"""What the compilers do while their coverage is measured: many small compilations, each of which gives bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Any, NamedTuple

import numpy as np

BUILT = 10  # one in so many programs of TIR is compiled to native code and run, too


class Workload(NamedTuple):
    """Tests, and what runs one of them and gives its result: equal bytes for equal results."""

    tests: Sequence[Any]
    run: Callable[[Any], bytes]


def tvm_workload(count: int, seed: int) -> Workload:
    """Random programs of TIR, each with a random pipeline of passes."""
    from tensorsmith.fuzz.make import make_test
    from tensorsmith.fuzz.messages import Slot
    from tensorsmith.ir.errors import GraphError

    tests: list[tuple[int, Any]] = []
    while len(tests) < count:
        with suppress(GraphError):
            tests.append((len(tests), make_test(Slot(seed), "tvm-tir", "cpu", 8, {})[0]))
        seed += 1
    return Workload(tests, _run_tir)


def _run_tir(test: tuple[int, Any]) -> bytes:
    from tensorsmith.targets.tvm import adapter
    from tensorsmith.targets.tvm.function import to_function
    from tensorsmith.targets.tvm.passes.apply import apply_pass, prepare
    from tensorsmith.targets.tvm.passes.defaults import BUILD, DEFAULT_LOWERING
    from tensorsmith.targets.tvm.passes.settings import passes_in

    number, case = test
    done: list[str] = []
    module, context = prepare(to_function(case.program).func, case.pipeline)
    try:
        for step in passes_in(case.pipeline) or DEFAULT_LOWERING:
            if step != BUILD:
                module = apply_pass(module, step, context)
                done.append(step.name)
        functions = [adapter.json_of(function) for _, function in module.functions.items()]
    except Exception as error:  # an error of TVM is a result, too
        functions = [adapter.first_line(error)]
    results = [*done, *functions]
    if number % BUILT == 0:
        results.append(_compiled(case))
    return hashlib.sha256("\n".join(results).encode()).digest()


def _compiled(case: Any) -> str:
    from tensorsmith.generators.tir.inputs import random_inputs
    from tensorsmith.targets.tvm import adapter, build
    from tensorsmith.targets.tvm.function import to_function

    function = to_function(case.program)
    inputs = random_inputs(case.recipe.seeds[0], case.program.buffers, case.program.scalars)
    try:
        outputs = build.run(build.build(function.func), inputs)
    except Exception as error:
        return adapter.first_line(error)
    return hashlib.sha256(b"".join(value.tobytes() for value in outputs.values())).hexdigest()


_UNARY = ("Relu", "Abs", "Neg", "Tanh", "Sigmoid", "Exp", "Floor", "Identity")
_BINARY = ("Add", "Sub", "Mul", "Max", "Min")


def onnxruntime_workload(count: int, seed: int) -> Workload:
    """Random models of ONNX, each optimized and run."""
    return Workload([_model(Random(seed + number)) for number in range(count)], _run_onnx)


def _model(rng: Random) -> bytes:
    from onnx import TensorProto, checker, helper

    shape = [rng.randint(1, 5), rng.randint(2, 5)]
    values = ["x", "y"]
    nodes: list[Any] = []
    for number in range(rng.randint(2, 12)):
        out = f"v{number}"
        kind = rng.choice(("unary", "unary", "binary", "binary", "matmul", "transpose", "softmax", "cast"))
        one, other = rng.choice(values), rng.choice(values)
        if kind == "unary":
            nodes.append(helper.make_node(rng.choice(_UNARY), [one], [out]))
        elif kind == "binary":
            nodes.append(helper.make_node(rng.choice(_BINARY), [one, other], [out]))
        elif kind == "matmul":
            nodes.append(helper.make_node("Transpose", [one], [out + "t"], perm=[1, 0]))
            nodes.append(helper.make_node("MatMul", [other, out + "t"], [out + "m"]))
            nodes.append(helper.make_node("MatMul", [out + "m", one], [out]))
        elif kind == "transpose":
            nodes.append(helper.make_node("Transpose", [one], [out + "t"], perm=[1, 0]))
            nodes.append(helper.make_node("Transpose", [out + "t"], [out], perm=[1, 0]))
        elif kind == "softmax":
            nodes.append(helper.make_node("Softmax", [one], [out], axis=rng.choice((0, 1))))
        else:
            nodes.append(helper.make_node("Cast", [one], [out + "d"], to=TensorProto.DOUBLE))
            nodes.append(helper.make_node("Cast", [out + "d"], [out], to=TensorProto.FLOAT))
        values.append(out)
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    outputs = [helper.make_tensor_value_info(values[-1], TensorProto.FLOAT, shape)]
    model = helper.make_model(
        helper.make_graph(nodes, "bench", inputs, outputs), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def _run_onnx(model: bytes) -> bytes:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(len(model))
    feeds = {one.name: rng.standard_normal(one.shape).astype(np.float32) for one in session.get_inputs()}
    return b"".join(value.tobytes() for value in session.run(None, feeds))


WORKLOADS = {"tvm": tvm_workload, "onnxruntime": onnxruntime_workload}
