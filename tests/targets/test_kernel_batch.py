from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch._inductor import config
from torch._inductor.async_compile import AsyncCompile
from torch._inductor.exc import CppCompileError
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from tensorsmith.targets.inductor import kernel_batch
from tensorsmith.targets.inductor.direct import compile_graph
from tensorsmith.targets.inductor.joint_source import guilty_kernels, split_kernel
from tensorsmith.targets.inductor.kernel_batch import QUICK_FLAGS, deferred_kernels

aten = torch.ops.aten

PREFIX = "#include <torch/csrc/inductor/cpp_prefix.h>\n"
BROKEN = PREFIX + 'extern "C" void kernel(float* out)\n{\n    out[0] = no_such_name;\n}\n'


def fills(value: float) -> str:
    """C++ of a kernel that writes ``value`` to its one output."""
    return PREFIX + f'extern "C"  void  kernel(float* out_ptr0)\n{{\n    out_ptr0[0] = {value}f;\n}}\n'


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_batch, "_remembered", OrderedDict())


def traced(function: Callable[..., list[Tensor]], *inputs: Tensor) -> GraphModule:
    return make_fx(function)(*inputs)


def two_kernels(x: Tensor, y: Tensor) -> list[Tensor]:
    product = aten.mm.default(aten.tanh.default(x), aten.exp.default(y))
    return [aten.relu.default(aten.sub.Tensor(product, x)), aten.amax.default(product, [1], True)]


def integers_and_indices(x: Tensor, i: Tensor) -> list[Tensor]:
    picked = aten.index.Tensor(x, [i])
    return [aten.cumsum.default(picked, 0), aten.argmax.default(picked, 1), aten.bitwise_xor.Tensor(i, i)]


def halves(x: Tensor, y: Tensor) -> list[Tensor]:
    return [aten.mul.Tensor(x.half(), y.half()), aten.gt.Tensor(x, y), aten.mean.default(aten.div.Tensor(x, y))]


def test_deferred_graphs_give_what_stock_inductor_gives() -> None:
    square, indices = [torch.randn(12, 12), torch.randn(12, 12)], [torch.randn(9, 5), torch.tensor([3, 0, 8, -1])]
    cases = [(two_kernels, square), (integers_and_indices, indices), (halves, square)]
    modules = [(traced(function, *inputs), inputs) for function, inputs in cases]
    with deferred_kernels() as batch:
        deferred = [compile_graph(gm, inputs) for gm, inputs in modules]
        report = batch.build()
    assert report.kernels > len(cases)
    assert (report.reused, report.translation_units, report.failed) == (0, 1, 0)
    for compiled, (gm, inputs) in zip(deferred, modules, strict=True):
        stock = compile_graph(gm, inputs)(*inputs)
        for ours, theirs, eager in zip(compiled(*inputs), stock, gm(*inputs), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0, equal_nan=True)
            torch.testing.assert_close(ours, eager, equal_nan=True)


def test_extra_flags_are_for_joint_units_and_kernels_built_with_others_are_not_reused() -> None:
    source = fills(0.5).replace("0.5f", "EXTRA")
    with deferred_kernels(("-DEXTRA=1", *QUICK_FLAGS)) as batch:
        kernel = AsyncCompile().cpp_pybinding(["float*"], source)
        assert batch.build().failed == 0
    out = torch.zeros(1)
    kernel(out)
    assert out.tolist() == [1.0]
    with deferred_kernels() as batch:
        stock = AsyncCompile().cpp_pybinding(["float*"], source)
        assert (batch.build().reused, batch.build().kernels) == (0, 0)
    with pytest.raises(CppCompileError, match="EXTRA"):
        stock(out)


def test_an_exception_thrown_in_a_kernel_is_raised() -> None:
    x, good, bad = torch.randn(6, 4), torch.tensor([1, 5]), torch.tensor([1, 6])
    gm = traced(lambda x, i: [aten.sin.default(aten.index.Tensor(x, [i]))], x, good)
    with deferred_kernels() as batch:
        compiled = compile_graph(gm, [x, good])
        batch.build()
    with pytest.raises(RuntimeError, match="index out of bounds"):
        compiled(x, bad)
    torch.testing.assert_close(compiled(x, good)[0], torch.sin(x[good]))


def test_a_broken_kernel_fails_alone() -> None:
    with deferred_kernels() as batch:
        kernels = AsyncCompile()
        first = kernels.cpp_pybinding(["float*"], fills(1.5))
        broken = kernels.cpp_pybinding(["float*"], BROKEN)
        last = kernels.cpp_pybinding(["float*"], fills(2.5))
        report = batch.build()
    # The joint unit, the joint unit without the guilty kernel, and the guilty kernel by itself.
    assert (report.kernels, report.failed, report.translation_units) == (3, 1, 3)
    out = torch.zeros(2)
    first(out[:1])
    last(out[1:])
    assert out.tolist() == [1.5, 2.5]
    for _ in range(2):
        with pytest.raises(CppCompileError, match="no_such_name"):
            broken(out)


def test_an_argument_that_the_kernel_does_not_take_is_its_own_error() -> None:
    with deferred_kernels() as batch:
        good = AsyncCompile().cpp_pybinding(["float*"], fills(3.5))
        bad = AsyncCompile().cpp_pybinding(["int64_t*"], fills(4.5))
        assert batch.build().failed == 1
    out = torch.zeros(1)
    good(out)
    assert out.item() == 3.5
    with pytest.raises(CppCompileError):
        bad(out)


def test_scalars_are_passed() -> None:
    source = PREFIX + 'extern "C" void kernel(double* out, const int64_t n, const float f)\n{ out[0] = n * f; }\n'
    with deferred_kernels() as batch:
        kernel = AsyncCompile().cpp_pybinding(["double*", "const int64_t", "const float"], source)
        assert batch.build().failed == 0
    out = torch.zeros(1, dtype=torch.float64)
    kernel(out, 1 << 40, 0.5)
    assert out.item() == float(1 << 39)
    with pytest.raises(RuntimeError, match="requires 3 args"):
        kernel(out)


def test_what_was_built_is_not_built_again() -> None:
    with deferred_kernels() as batch:
        twice = [AsyncCompile().cpp_pybinding(["float*"], fills(5.5)) for _ in range(2)]
        first = batch.build()
        again = AsyncCompile().cpp_pybinding(["float*"], fills(5.5))
        second = batch.build()
    assert (first.kernels, first.reused, first.translation_units) == (2, 1, 1)
    assert (second.kernels, second.reused, second.translation_units) == (1, 1, 0)
    for kernel in (*twice, again):
        out = torch.zeros(1)
        kernel(out)
        assert out.item() == 5.5


def test_the_memory_of_built_kernels_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_batch, "MAX_REMEMBERED", 1)
    with deferred_kernels() as batch:
        kernels = [AsyncCompile().cpp_pybinding(["float*"], fills(value)) for value in (6.5, 7.5)]
        batch.build()
        assert len(kernel_batch._remembered) == 1
        for kernel, value in zip(kernels, (6.5, 7.5), strict=True):
            out = torch.zeros(1)
            kernel(out)
            assert out.item() == value


def test_a_kernel_that_cannot_be_joined_is_built_alone() -> None:
    source = PREFIX + '#define VALUE 8.5f\nextern "C" void kernel(float* out) { out[0] = VALUE; }\n'
    assert split_kernel(["float*"], source) is None
    with deferred_kernels() as batch:
        kernel = AsyncCompile().cpp_pybinding(["float*"], source)
        report = batch.build()
    assert (report.translation_units, report.failed) == (1, 0)
    out = torch.zeros(1)
    kernel(out)
    assert out.item() == 8.5


def test_a_kernel_called_before_the_build_builds_itself() -> None:
    out = torch.zeros(1)
    with deferred_kernels():
        AsyncCompile().cpp_pybinding(["float*"], fills(9.5))(out)
    assert out.item() == 9.5


def test_flags_are_those_in_force_when_a_kernel_was_recorded() -> None:
    with deferred_kernels() as batch:
        plain = batch.record(["float*"], fills(1.0))
        with config.patch({"cpp.enable_floating_point_contract_flag": "fast"}):
            contracted = batch.record(["float*"], fills(1.0))
        with config.patch({"cpp.max_horizontal_fusion_size": 3}):
            other_knob = batch.record(["float*"], fills(1.0))
    assert "-ffp-contract=off" in plain.recorded.command_line
    assert "-ffp-contract=fast" in contracted.recorded.command_line
    assert other_knob.recorded.key == plain.recorded.key


def test_inductor_is_restored_on_exit() -> None:
    stock = AsyncCompile.cpp_pybinding
    deferred = deferred_kernels()
    with pytest.raises(ZeroDivisionError), deferred:
        raise ZeroDivisionError(AsyncCompile.cpp_pybinding is stock)
    with deferred_kernels():
        assert AsyncCompile.cpp_pybinding is not stock
    assert AsyncCompile.cpp_pybinding is stock


def test_torch_compile_can_be_deferred() -> None:
    x = torch.randn(7)
    gm = traced(lambda x: [torch.softmax(torch.sin(x) * 1.25, 0)], x)
    compiled = torch.compile(gm, fullgraph=True)
    with deferred_kernels() as batch:
        batch.compile_only(compiled, x.clone())
        report = batch.build()
    assert report.kernels > 0
    assert report.translation_units == 1
    torch.testing.assert_close(compiled(x), gm(x))


def test_errors_are_laid_at_the_kernels_that_gcc_or_clang_name() -> None:
    gcc = """In file included from prefix.h:1:
vec.h: In instantiation of 'T f(T) [with T = int]':
joint_kernel_1.cpp:9:2:   required from here
vec.h:3:4: warning: overflow in conversion
joint_kernel_2.cpp: In function 'void kernel(float*)':
joint_kernel_2.cpp:4:8: error: 'x' was not declared in this scope
vec.h: In instantiation of 'T g(T) [with T = int]':
joint_kernel_5.cpp:7:2:   required from here
vec.h:8:4: error: no matching function
"""
    clang = """joint_kernel_3.cpp:4:8: warning: unused variable 'x'
vec.h:8:4: error: no matching function
joint_kernel_4.cpp:4:8: note: in instantiation of function template specialization 'f<int>' requested here
"""
    assert guilty_kernels(gcc) == {2, 5}
    assert guilty_kernels(clang) == {4}
    assert guilty_kernels("g++: fatal error: Killed signal terminated program cc1plus") == set()
