"""The Hypothesis strategies: what they draw runs and is typed, and shrinks to a few calls."""

from __future__ import annotations

import pkgutil
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis.strategies import SearchStrategy

import tensorsmith.generators
from tensorsmith.generators import Program, calls, graphs
from tensorsmith.generators.byte_random import ByteRandom
from tensorsmith.generators.draft import Draft
from tensorsmith.generators.eager_builder import EagerBuilder
from tensorsmith.generators.in_use import entries_in_use
from tensorsmith.generators.insert import insert_forward
from tensorsmith.generators.table import entry_of
from tensorsmith.ir.dtypes import FLOATS
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.graph import TensorType, refs
from tensorsmith.ir.operators import is_view, written_arguments
from tensorsmith.ir.recipe import Drawn
from tensorsmith.ir.testcase import structural_problem
from tensorsmith.ir.torch_args import type_of

pytestmark = pytest.mark.filterwarnings("ignore")

quick = settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def assert_runs_as_typed(program: Program) -> None:
    assert structural_problem(program.graph) is None
    types = program.graph.types()
    inputs = program.inputs()
    assert [type_of(t) for t in inputs] == [i.type for i in program.graph.inputs]
    outputs = program.module()(*inputs)
    assert [(type_of(t).dtype, type_of(t).shape) for t in outputs] == [
        (types[o].dtype, types[o].shape) for o in program.graph.outputs
    ]


def smallest(strategy: SearchStrategy[Program], wanted: Callable[[Program], bool]) -> Program:
    return find(strategy, wanted, settings=settings(quick, max_examples=3000), random=random.Random(0))


def is_small(program: Program) -> bool:
    """Whether its inputs are as an example shrinks to where nothing asks for more."""
    plain = all(not i.type.stride and not i.type.offset and i.type.numel <= 27 for i in program.graph.inputs)
    return plain and all(i.type.dtype == "f32" for i in program.graph.inputs) and not program.graph.constants


@quick
@given(graphs())
def test_programs_run_in_eager_with_the_types_that_they_say(program: Program) -> None:
    assert 1 <= len(program.graph.nodes) <= 8
    assert_runs_as_typed(program)


@pytest.mark.parametrize("op", ["aten.conv2d", "aten.sqrt_", "aten.fmod", "aten.gather", "aten.copy_", "aten.add.out"])
def test_calls_are_single_calls_of_the_operator(op: str) -> None:
    @settings(quick, max_examples=20)
    @given(calls(op))
    def check(program: Program) -> None:
        (called,) = program.graph.operators()
        assert op in (called, called.rpartition(".")[0])
        assert_runs_as_typed(program)

    check()


def test_all_overloads_of_an_operator_are_called() -> None:
    drawn = Counter[str]()

    @quick
    @given(calls("aten.conv2d"))
    def draw(program: Program) -> None:
        drawn.update(program.graph.operators())

    draw()
    assert set(drawn) == {"aten.conv2d.default", "aten.conv2d.padding"}


def test_values_are_in_the_domain_of_the_operator_called() -> None:
    finite = Counter[bool]()

    @quick
    @given(calls("aten.acosh.default"))
    def draw(program: Program) -> None:
        if all(type_.dtype in FLOATS for type_ in program.graph.types().values()):
            (output,) = program.module()(*program.inputs())
            finite[bool(output.isfinite().all())] += 1

    draw()
    assert finite[True] > 2 * finite[False]


@pytest.mark.parametrize(("min_size", "max_size"), [(1, 1), (3, 3), (12, 20)])
def test_size_is_kept_to(min_size: int, max_size: int) -> None:
    @settings(quick, max_examples=20)
    @given(graphs(min_size=min_size, max_size=max_size))
    def check(program: Program) -> None:
        assert min_size <= len(program.graph.nodes) <= max_size

    check()


def test_only_the_operators_given_are_called() -> None:
    # Guards and views that make an operand fit would be others: `sqrt` is guarded by `abs`, operands of `mm` are cut.
    drawn = Counter[str]()

    @quick
    @given(graphs(operators=["aten.sqrt", "aten.mm.default", "aten.to"]))
    def draw(program: Program) -> None:
        assert_runs_as_typed(program)
        drawn.update(program.graph.operators())

    draw()
    assert {op.rpartition(".")[0] for op in drawn} == {"aten.sqrt", "aten.mm", "aten.to"}
    assert "aten.mm.out" not in drawn


def test_programs_are_diverse() -> None:
    programs: list[Program] = []

    @settings(quick, max_examples=200)
    @given(graphs())
    def draw(program: Program) -> None:
        programs.append(program)

    draw()
    inputs = [i for p in programs for i in p.graph.inputs]
    ops = {op for p in programs for op in p.graph.operators()}
    assert len(ops) > 100
    assert any(written_arguments(op) for op in ops)
    assert any(is_view(op) for op in ops)
    assert {i.type.dtype for i in inputs} >= {"f32", "f16", "bf16", "f64", "i64", "bool"}
    assert any(i.type.stride for i in inputs)
    assert {len(i.type.shape) for i in inputs} >= {0, 1, 2, 3, 4}
    assert {len(p.graph.nodes) for p in programs} >= {1, 2, 5, 8}
    assert any(p.graph.constants for p in programs)


def test_of_zeros_which_examples_shrink_to_come_plain_calls_of_small_tensors() -> None:
    made, large, other_floats = 0, 0, 0
    for entry in entries_in_use().values():
        draft = Draft(EagerBuilder())
        if insert_forward(draft, ByteRandom(b""), entry) is None:
            continue
        made += 1
        types = [i.type for i in draft.builder.inputs]
        assert not draft.builder.constants
        assert not any(type_.stride or type_.offset for type_ in types)
        assert all(isinstance(values, Drawn) and values.seed == 0 for values in draft.values.values())
        large += any(type_.numel > 81 for type_ in types)
        other_floats += any(type_.dtype in FLOATS and type_.dtype != "f32" for type_ in types)
    assert made > 0.98 * len(entries_in_use())
    assert large < 0.04 * made
    assert other_floats < 0.01 * made


def has_reduction(program: Program) -> bool:
    return any(entry_of(op).group == "reduction" for op in program.graph.operators())


def has_write(program: Program) -> bool:
    return any(written_arguments(op) for op in program.graph.operators())


def reads_what_was_written(program: Program) -> bool:
    written = {r for node in program.graph.nodes if written_arguments(node.op) for r in node.results}
    return any(entry_of(n.op).group == "reduction" and written & set(refs(n)) for n in program.graph.nodes)


def has_strided_input(program: Program) -> bool:
    return any(i.type.stride for i in program.graph.inputs)


# Two calls would do for the third, but a call between them stays now and then: to leave it out, what the last one reads
# has to change at the same time, and Hypothesis changes one thing at a time.
@pytest.mark.parametrize(
    ("wanted", "most_calls"),
    [(has_reduction, 1), (has_write, 1), (reads_what_was_written, 3), (lambda p: len(p.graph.nodes) >= 5, 5)],
    ids=["reduction", "write", "reads-what-was-written", "five-calls"],
)
def test_programs_shrink_to_the_calls_that_matter(wanted: Callable[[Program], bool], most_calls: int) -> None:
    found = smallest(graphs(), wanted)
    assert len(found.graph.nodes) <= most_calls
    assert len(found.graph.inputs) == 1
    assert is_small(found)


def has_shared_memory(program: Program) -> bool:
    return any(i.shares is not None for i in program.graph.inputs)


@pytest.mark.parametrize("wanted", [has_strided_input, has_shared_memory])
def test_inputs_keep_what_matters_and_no_more(wanted: Callable[[Program], bool]) -> None:
    found = smallest(graphs(), wanted)
    assert len(found.graph.nodes) <= 2
    assert len(found.graph.inputs) <= 3
    assert all(i.type.numel <= 27 for i in found.graph.inputs)
    assert not found.graph.constants


def test_a_failing_test_reports_a_small_program_as_text() -> None:
    @quick
    @given(graphs())
    def nothing_is_written(program: Program) -> None:
        assert not has_write(program)

    with pytest.raises(AssertionError) as caught:
        nothing_is_written()
    report = "\n".join(caught.value.__notes__)
    assert "program=Program(" in report
    assert report.count(" = aten.") == 1
    assert "f32[3, 3]" in report
    assert '= drawn("normal", seed=0)' in report


def test_a_call_shrinks_to_plain_arguments() -> None:
    found = smallest(calls("aten.conv2d.default"), lambda p: p.graph.nodes[0].args[3] == (2, 2))
    assert all(i.type == TensorType("f32", i.type.shape) and i.type.numel <= 81 for i in found.graph.inputs)
    assert found.graph.nodes[0].args[5:] == ((1, 1), 1)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("conv2d", "`aten.conv2d`"), ("torch.relu", "`aten.relu`"), ("aten.convv2d", "`aten.conv2d`"),
     ("aten.add.Tenso", "`aten.add.Tensor`"), ("aten.zzzzzz", "`tensorsmith ops`")],
)  # fmt: skip
def test_an_unknown_operator_is_answered_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(InvalidInputError, match=f"`{name}`; .*{nearest}"):
        calls(name)
    with pytest.raises(InvalidInputError, match=f"`{name}`; .*{nearest}"):
        graphs(operators=["aten.add", name])


def test_what_cannot_be_is_refused() -> None:
    for min_size, max_size in ((0, 8), (4, 3)):
        with pytest.raises(InvalidInputError, match="no program has"):
            graphs(min_size=min_size, max_size=max_size)
    with pytest.raises(InvalidInputError, match="no operators"):
        graphs(operators=[])
    with pytest.raises(InvalidInputError, match="list of names"):
        graphs(operators="aten.add")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_loads_neither_torch_nor_hypothesis() -> None:
    code = "import sys, tensorsmith.generators; print(sorted({'torch', 'hypothesis'} & sys.modules.keys()))"
    assert python(code) == "[]"


def test_without_hypothesis_the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from tensorsmith.ir.errors import EnvironmentLacksError\n"
        "from tensorsmith.generators import Program\n"
        "try:\n    from tensorsmith.generators import graphs\n"
        "except EnvironmentLacksError as error: print(error)"
    )
    assert "pip install 'tensorsmith[hypothesis]'" in python(code)


def test_no_module_has_the_name_of_a_strategy() -> None:
    modules = {module.name for module in pkgutil.iter_modules(tensorsmith.generators.__path__)}
    assert not modules & set(tensorsmith.generators.__all__)
