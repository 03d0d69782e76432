"""Which settings are worth trying, with which values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tensorsmith.targets.tvm import build
from tensorsmith.targets.tvm.older import has_pass
from tensorsmith.targets.tvm.passes.entry import Kind, Values
from tensorsmith.targets.tvm.passes.settings import CONFIG, OPT_LEVEL, TARGET


@dataclass(frozen=True)
class Setting:
    """A setting.

    Attributes:
        name: the name of its step.
        fields: its parameters with the values worth trying. Of a structure, a step has one or more of them.
        kind: the programs that it does something for; None: all.
    """

    name: str
    fields: Values
    kind: Kind | None = "tir"


_ON: tuple[bool, ...] = (True,)
_EITHER: tuple[bool, ...] = (False, True)

SETTINGS: tuple[Setting, ...] = (
    Setting(
        f"{CONFIG}s_tir.HoistExpression",
        (("hoisted_conditionals", (0, 1, 2, 4, 15)), ("hoisted_let_bindings", (0, 1, 2, 4))),
    ),
    Setting(f"{CONFIG}s_tir.HoistIfThenElse", (("support_block_scope_hoisting", _ON),)),
    Setting(f"{CONFIG}s_tir.InjectDoubleBuffer", (("split_loop", (2, 4)),)),
    Setting(
        f"{CONFIG}s_tir.LoopPartition",
        (
            ("partition_const_loop", _ON),
            ("no_unroll_loop_with_extent_one", _ON),
            ("unroll_loop_with_partition_hint_no_interval", _ON),
        ),
    ),
    Setting(f"{CONFIG}tirx.RemoveNoOp", (("ignore_profiler_call", _ON),)),
    Setting(
        f"{CONFIG}tirx.StmtSimplify",
        (
            ("transitively_prove_inequalities", _ON),
            ("convert_boolean_to_and_of_ors", _ON),
            ("apply_constraints_to_boolean_branches", _ON),
        ),
    ),
    Setting(
        f"{CONFIG}tirx.UnrollLoop",
        (
            ("auto_max_step", (4, 16, 64)),
            ("auto_max_depth", (1, 2)),
            ("auto_max_extent", (4, 16)),
            ("explicit_unroll", _EITHER),
            ("unroll_local_access", _ON),
        ),
    ),
    Setting(f"{CONFIG}tirx.debug_keep_trivial_loop", (("value", _ON),)),
    Setting(f"{CONFIG}tirx.disable_assert", (("value", (False,)),)),
    Setting(f"{CONFIG}tirx.disable_cse_tir", (("value", _ON),)),
    Setting(f"{CONFIG}tirx.disable_storage_rewrite", (("value", _ON),)),
    Setting(f"{CONFIG}tirx.disable_vectorize", (("value", _ON),)),
    Setting(f"{CONFIG}tirx.enable_debug", (("value", _ON),)),
    Setting(f"{CONFIG}tirx.instrument_bound_checkers", (("value", _ON),)),
    Setting(f"{CONFIG}tirx.merge_static_smem", (("value", _ON),)),
    Setting(f"{CONFIG}tirx.noalias", (("value", (False,)),)),
    Setting(f"{CONFIG}tirx.use_async_copy", (("value", _ON),)),
    Setting(f"{CONFIG}relax.FuseOps.max_depth", (("value", (1, 2, 4)),), "relax"),
    Setting(OPT_LEVEL, (("value", (0, 1, 3)),), None),
    Setting(
        TARGET,
        (
            ("opt-level", (0, 1, 2, 3)),
            ("vector-width", (128, 256, 512)),
            ("num-cores", (1, 4)),
            ("jit", ("mcjit", "orcjit")),
            ("mcpu", ("x86-64", "nehalem", "haswell", "skylake-avx512")),
        ),
        None,
    ),
)

_MAY_BE_DISABLED: dict[Kind, tuple[str, ...]] = {
    "tir": (
        "s_tir.AnnotateIrregularLoop",
        "s_tir.CompactBufferAllocation",
        "s_tir.HoistIfThenElse",
        "s_tir.LoopPartition",
        "s_tir.RenormalizeSplitPattern",
        "s_tir.StmtSimplify",
        "tirx.CommonSubexprElim",
        "tirx.NarrowDataType",
        "tirx.RemoveNoOp",
        "tirx.StmtSimplify",
        "tirx.StorageRewrite",
        "tirx.VerifyMemory",
    ),
    "relax": ("relax.FoldConstant", "relax.KillAfterLastUse", "relax.RewriteDataflowReshape"),
}

# Passes of the default pipelines that may be left out.
MAY_BE_DISABLED = {kind: tuple(name for name in names if has_pass(name)) for kind, names in _MAY_BE_DISABLED.items()}

# Why the others are not tried.
LEFT_OUT: dict[str, str] = {
    "relax.backend.use_cuda_graph": "of CUDA",
    "relax.fallback_device_type": "of several devices",
    "relax.lift_transform_params.consume_params": "of a pass that changes what a function takes",
    "relax.transform.apply_legalize_ops": "of a test of TVM's own: no pass in the catalog reads it",
    "s_tir.instr_siblings": "of profiling, which only Hexagon has",
    "s_tir.lwp_disable_func_prof": "of profiling, which only Hexagon has",
    "s_tir.lwp_max_depth": "of profiling, which only Hexagon has",
    "s_tir.lwp_min_height": "of profiling, which only Hexagon has",
    "s_tir.reset_start_id": "of profiling, which only Hexagon has",
    "testing.immutable_module": "tirx.AnnotateEntryFunc changes the module that it is given, so that every build fails",
    "tirx.add_lower_pass": "holds passes themselves, and the default pipeline does not read it",
    "tirx.enable_buffer_level_predication": "the code generator for x86 has no predicated loads and stores",
    "tirx.enable_fast_math": "floats may change",
    "tirx.instrument_lwp": "of profiling, which only Hexagon has",
    "tirx.is_entry_func": "an attribute of functions",
    "tirx.s_tir.ldg32": "of CUDA",
    "tirx.vtcm_capacity": "of Hexagon",
}

# `max_simplification_steps` of tirx.RemoveNoOp is not tried either: its passes raise where they take more.

# Of attributes of the target `llvm`, why they are not tried; those that begin with `fast-math` let floats change.
LEFT_OUT_OF_TARGET = ("cl-opt", "fast-math", "mabi", "mattr", "mfloat-abi", "mtriple")

_NEEDS = {
    "x86-64": ("sse2",),
    "nehalem": ("sse4.2", "popcnt"),
    "haswell": ("avx2", "fma", "bmi2", "f16c"),
    "skylake-avx512": ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2"),
}


@cache
def settings_here(kind: Kind) -> tuple[Setting, ...]:
    """The settings that do something for programs of a kind, with the values that the CPU of this machine can run."""
    features = build.cpu_features()
    found = []
    for setting in SETTINGS:
        if setting.kind in (None, kind):
            fields = (
                (name, tuple(v for v in values if name != "mcpu" or features.issuperset(_NEEDS[str(v)])))
                for name, values in setting.fields
            )
            found.append(
                Setting(setting.name, tuple((name, values) for name, values in fields if values), setting.kind)
            )
    return tuple(found)
