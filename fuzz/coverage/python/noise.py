"""Code that equal tests do not execute equally: whether it runs depends on what the process did before.

What `functools.cache` and its like wrap is found by itself. Here is the rest: caches of other kinds, what only a cached
function calls, and what is done once for a process or a folder.
"""

from __future__ import annotations

import functools
import gc

# By file: qualified names of functions and classes, with all that is in them; "" for the whole file.
NOISE: dict[str, tuple[str, ...]] = {
    # Statistics of compilations.
    "torch/_dynamo/metrics_context.py": ("",),
    "torch/_dynamo/pgo.py": ("",),
    "torch/_dynamo/utils.py": (
        "ChromiumEventLogger",
        "CompilationMetrics",
        "_compiler_config_for_logging",
        "_functorch_config_for_logging",
        "_get_dynamo_config_for_logging",
        "_scrubbed_inductor_config_for_logging",
        "add_compilation_metrics_to_chromium",
        "dynamo_timed",
        "record_compilation_metrics",
        "to_int_us",
    ),
    # What keeps Dynamo off a function is made with the first call of it.
    "torch/_dynamo/decorators.py": ("disable",),
    "torch/_dynamo/eval_frame.py": (
        "DisableContext",
        "_TorchDynamoContext",
        "innermost_backend",
        "innermost_fn",
        "nothing",
    ),
    # How a builtin is traced with arguments of some kinds is found out once.
    "torch/_dynamo/variables/builtin.py": (
        "BuiltinVariable._find_binop_handler",
        "BuiltinVariable._make_handler",
        "BuiltinVariable.call_function",
        "BuiltinVariable.can_constant_fold_through",
        "BuiltinVariable.can_insert_in_graph",
    ),
    # Instructions of a function are decoded once.
    "torch/_dynamo/bytecode_transformation.py": ("",),
    # Options for the C++ compiler are found, and its headers compiled, once for each set of flags.
    "torch/_inductor/cpp_builder.py": ("",),
    "torch/_inductor/cpu_vec_isa.py": ("",),
    # What is on disk is not written again.
    "torch/_inductor/codecache.py": ("write", "write_atomic"),
    # An operator without a lowering gets a fallback when it is met for the first time.
    "torch/_inductor/graph.py": ("GraphLowering.call_function",),
    "torch/_inductor/lowering.py": (
        "_register_lowering",
        "add_needs_realized_inputs",
        "fallback_handler",
        "get_overloads",
        "in_namespace",
        "make_fallback",
        "register_lowering",
        "tag_to_layout_constraint",
    ),
    # What an operator gives for fake tensors is kept.
    "torch/_inductor/inductor_prims.py": ("",),
    # Signatures of operators, and simplified expressions, are kept in dictionaries.
    "torch/fx/operator_schemas.py": ("",),
    "torch/fx/experimental/symbolic_shapes.py": (
        "_expandsums",
        "_fast_expand",
        "guard_int",
        "has_guarding_hint",
        "sym_and",
        "sym_or",
    ),
    "torch/_inductor/fx_passes/misc_patterns.py": ("NumpyCompatNormalization.__call__",),
    "torch/_inductor/template_heuristics/registry.py": ("",),
    # What passes and targets of TVM are made with: each is made once and used again, and looked up once.
    "tvm/backend/loader.py": ("",),
    "tvm/ir/transform.py": ("",),
    "tvm/relax/transform/transform.py": ("",),
    "tvm/s_tir/transform/transform.py": ("",),
    "tvm/script/__init__.py": ("",),
    "tvm/target/target.py": ("",),
    "tvm/tirx/transform/function_pass.py": ("",),
    "tvm/tirx/transform/transform.py": ("",),
}


def is_noise(file: str, function: str) -> bool:
    """Whether a function, or what it is in, is listed.

    Args:
        file: such as `torch/_inductor/ir.py`.
        function: its qualified name.
    """
    listed = NOISE.get(file)
    if listed is None:
        return False
    return any(not name or function == name or function.startswith(f"{name}.") for name in listed)


def cached_functions() -> frozenset[tuple[str, str]]:
    """The functions behind the caches of `functools` that there are: their files, and their qualified names."""
    found: set[tuple[str, str]] = set()
    for one in all_objects():
        if type(one) is functools._lru_cache_wrapper:
            code = getattr(one.__wrapped__, "__code__", None)
            if code is not None:
                found.add((code.co_filename, code.co_qualname))
    return frozenset(found)


def all_objects() -> list[object]:
    """What the collector knows of, and what is hidden from it, as in a process that is warm."""
    hidden = gc.get_freeze_count() > 0
    if hidden:
        gc.unfreeze()
    found = gc.get_objects()
    if hidden:
        gc.freeze()
    return found
