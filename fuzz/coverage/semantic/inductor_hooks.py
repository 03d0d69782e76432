"""Where Inductor decides something, and what to say of it. A new hook is a function and a line in `HOOKS`.

Of shapes only those are looked at that are plain numbers: a question about a symbolic one would become a guard.
"""

from __future__ import annotations

import re
from typing import Any

import torch

from tensorsmith.fuzz.coverage.semantic.hooks import Call, Hook
from tensorsmith.fuzz.coverage.semantic.trail import Trail

# What is called in generated code, with its template arguments; and what the compiler is told about loops.
_CALLED = re.compile(r"\b([A-Za-z_][\w:.]*(?:<[\w:, *]*>)?)\(")
_PRAGMA = re.compile(r"#pragma ([A-Za-z][A-Za-z ]*)")
_NOT_TOLD = re.compile(r"(tmp|buf)[\w.]*$|(for|if|while|switch|kernel|sizeof|alignas|alignof|decltype)$")


def _shape_of_graph(observer: Any) -> tuple[Any, ...]:
    """What a pass over an FX graph can change of it."""
    nodes = observer.gm.graph.nodes
    return tuple((node.name, node.target, tuple(i.name for i in node.all_input_nodes)) for node in nodes)


def _pass(trail: Trail, call: Call) -> None:
    observer = call.args[0]
    if call.noted != _shape_of_graph(observer):
        trail.fired(observer.passname)


def _pattern(trail: Trail, call: Call) -> None:
    entry, node = call.args[0], call.argument(3, "node")
    handler = getattr(entry, "handler", None)
    name = getattr(handler, "__qualname__", None) or getattr(entry, "pattern_name", None)
    name = name or f"replacement of {type(entry.pattern).__name__}"
    trail.note(f"pattern {name} at {node.target}")


def _decomposition(trail: Trail, call: Call) -> None:
    if call.result is not NotImplemented:
        trail.note(f"decomposed {call.args[1]}")


def _lowering(trail: Trail, call: Call) -> None:
    node = call.args[1]
    if node.op != "call_function":
        return
    op = node.target if isinstance(node.target, torch._ops.OpOverload) else getattr(node.target, "__name__", "other")
    values = call.result if isinstance(call.result, (list, tuple)) else [call.result]
    for value in values[:1]:
        trail.note(f"lowered {op} {_dtype(node.meta.get('val'))} to {_kind(value)}")
    for source in node.all_input_nodes:
        trail.note(f"lowered {op} from {_layout(source.meta.get('val'))}")


def _dtype(value: Any) -> str:
    value = value[0] if isinstance(value, (list, tuple)) and value else value
    return str(getattr(value, "dtype", type(value).__name__)).removeprefix("torch.")


def _kind(value: Any) -> str:
    """What stands for a result in Inductor's IR: the kind of computation, under the views of it."""
    kinds: list[str] = []
    while value is not None and len(kinds) < 5:
        kind = type(value).__name__
        if kind not in ("TensorBox", "StorageBox"):
            kinds.append(kind)
        value = getattr(value, "data", None) if kind != "ConstantBuffer" else None
        if not type(value).__module__.startswith("torch._inductor"):
            break
    return " of ".join(kinds) or "nothing"


def _layout(value: Any) -> str:
    """A class of memory layouts."""
    if not isinstance(value, torch.Tensor):
        return type(value).__name__
    shape, strides = tuple(value.shape), tuple(value.stride())
    if not all(type(number) is int for number in shape + strides):
        return "symbolic"
    if 0 in shape:
        return "empty"
    steps = [(stride, size) for stride, size in zip(strides, shape, strict=True) if size != 1]
    if not steps:
        return "one element"
    if any(stride == 0 for stride, _ in steps):
        return "expanded"
    expected = 1
    for stride, size in sorted(steps):
        if stride != expected:
            return "gaps"
        expected *= size
    return "contiguous" if steps == sorted(steps, reverse=True) else "permuted"


def _fusion(trail: Trail, call: Call) -> None:
    first, second, fused = call.args[1], call.args[2], call.result
    way = "vertically" if first.get_operation_names() & second.ancestors else "horizontally"
    trail.note(f"fused {_work(first)} with {_work(second)} {way} to {type(fused).__name__}")


def _work(node: Any) -> str:
    """What a node of the scheduler does."""
    kinds: set[str] = set()
    for one in node.get_nodes():
        data = getattr(getattr(one, "node", None), "data", None)
        kinds.add(str(getattr(data, "reduction_type", None) or type(data).__name__))
    return "+".join(sorted(kinds))


def _no_fusion(trail: Trail, call: Call) -> None:
    trail.note(f"not fused: {call.args[1]}")


def _reuse(trail: Trail, call: Call) -> None:
    line = call.args[0]
    trail.note(f"{type(line).__name__} of {type(line.node).__name__}")


def _kernel(trail: Trail, call: Call) -> None:
    text = call.argument(2, "kernel_body")
    for name in set(_CALLED.findall(text)):
        if not _NOT_TOLD.match(name):
            trail.note(f"calls {name}")
    for told in set(_PRAGMA.findall(text)):
        trail.note(f"pragma {told.strip()}")


_OBSERVER = "torch.fx.passes.graph_transform_observer"
_MATCHER = "torch._inductor.pattern_matcher"
_SCHEDULER = "torch._inductor.scheduler"
_WRAPPER = "torch._inductor.codegen.wrapper"

HOOKS: tuple[Hook, ...] = (
    Hook(_OBSERVER, "GraphTransformObserver.apply_gm_pass", _pass, _shape_of_graph),
    Hook(_OBSERVER, "GraphTransformObserver.apply_graph_pass", _pass, _shape_of_graph),
    Hook(_MATCHER, "LoweringPatternEntry.apply", _pattern),
    Hook(_MATCHER, "GraphPatternEntry.apply", _pattern),
    Hook(_MATCHER, "ReplacementPatternEntry.apply", _pattern),
    Hook("torch.fx.experimental.proxy_tensor", "maybe_handle_decomp", _decomposition),
    Hook("torch._inductor.graph", "GraphLowering.run_node", _lowering),
    Hook(_SCHEDULER, "Scheduler.fuse_two_nodes", _fusion),
    Hook(_SCHEDULER, "WhyNoFuse.__call__", _no_fusion),
    Hook(_WRAPPER, "ReuseLine.codegen", _reuse),
    Hook(_WRAPPER, "PythonWrapperCodegen.define_kernel", _kernel),
)
