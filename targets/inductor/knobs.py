"""Inductor's pipeline space: configuration that must not change what a program means.

Left out on purpose: what may change results (fast math, floating-point contraction, `keep_output_stride`, random
numbers), what only changes timing or search (autotuning, benchmarking), tracing and caches, what the documentation
calls for tests only, and `cpp.force_inline_kernel`, which does not build with common compilers.
"""

from __future__ import annotations

from typing import Any

from torch._inductor import config

from tensorsmith.targets.api import Knob
from tensorsmith.targets.torch_backend import DYNAMIC

_SPACE: tuple[Knob, ...] = (
    # Graph passes
    Knob("pattern_matcher", (False,)),
    Knob("use_joint_graph_passes", (False,)),
    Knob("joint_graph_constant_folding", (False,)),
    Knob("split_cat_fx_passes", (False,)),
    Knob("reorder_for_locality", (False,)),
    Knob("use_dce", (False,)),
    Knob("optimize_scatter_upon_const_tensor", (False,)),
    Knob("efficient_conv_bn_eval_fx_passes", (True,)),
    Knob("decompose_mem_bound_mm", (True,)),
    Knob("permute_fusion", (True,)),
    Knob("freezing", (True,)),
    # Lowering
    Knob("constant_and_index_propagation", (False,)),
    Knob("emulate_precision_casts", (True,)),
    Knob("realize_reads_threshold", (1, 16)),
    Knob("realize_opcount_threshold", (1, 200)),
    Knob("unroll_reductions_threshold", (1, 64)),
    Knob("force_pointwise_cat", (True,)),
    Knob("max_pointwise_cat_inputs", (1,)),
    Knob("split_reductions", (False,)),
    Knob("layout_optimization", (False,)),
    Knob("force_layout_optimization", (True,)),
    Knob("comprehensive_padding", (False,)),
    # Scheduling and memory
    Knob("epilogue_fusion", (False,)),
    Knob("aggressive_fusion", (True,)),
    Knob("max_fusion_size", (1, 2)),
    Knob("loop_ordering_after_fusion", (False, True)),
    Knob("loop_index_inversion_in_fusion", (False,)),
    Knob("pick_loop_orders", (False,)),
    Knob("reorder_for_peak_memory", (False,)),
    Knob("inplace_buffers", (False,)),
    Knob("allow_buffer_reuse", (False,)),
    Knob("memory_planning", (True,)),
    # Code generation
    Knob("cpp_wrapper", (True,), weight=0.05),
    Knob("cpp.simdlen", (1, 256)),
    Knob("cpp.no_redundant_loops", (False,)),
    Knob("cpp.max_horizontal_fusion_size", (0,)),
    Knob("cpp.fallback_scatter_reduce_sum", (False,)),
    Knob("cpp.enable_tiling_heuristics", (False,)),
    Knob("cpp.enable_loop_tail_vec", (False,)),
    Knob("cpp.use_decompose_tanh", (True,)),
)


def inductor_knobs() -> tuple[Knob, ...]:
    """The knobs that the installed torch has, without the values that are its defaults."""
    found = [DYNAMIC]
    for knob in _SPACE:
        if not _exists(knob.name):
            continue
        default = _default(knob.name)
        values = tuple(value for value in knob.values if value != default or type(value) is not type(default))
        if values:
            found.append(Knob(knob.name, values, knob.weight))
    return tuple(found)


def _exists(name: str) -> bool:
    return name in config.get_config_copy()


def _default(name: str) -> Any:
    return config.get_config_copy()[name]
