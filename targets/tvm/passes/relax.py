"""The passes of `tvm.relax.transform` and the two of `tvm.relax.backend` that its default pipeline begins with."""

from __future__ import annotations

from tensorsmith.targets.tvm.passes.entry import PassEntry, Values

_LEGAL = ("relax.LegalizeOps",)
_PLAIN = ("relax.ToNonDataflow",)
_CALLS = ("relax.LegalizeOps", "relax.ToNonDataflow", "relax.RemovePurityChecking", "relax.CallTIRRewrite")
_PLANNED = (*_CALLS, "relax.StaticPlanBlockMemory")
# Passes of operators come before the operators are gone.
_NOT_CALLS = ("relax.CallTIRRewrite",)
_NOT_PLANNED = ("relax.CallTIRRewrite", "relax.StaticPlanBlockMemory")


def _relax(
    name: str,
    arguments: Values = (),
    requires: tuple[str, ...] = (),
    before: tuple[str, ...] = _NOT_CALLS,
    once: bool = False,
    safe: bool = True,
    exact: bool = True,
    idle: bool = False,
    note: str = "",
) -> PassEntry:
    return PassEntry(
        f"relax.{name}",
        "relax",
        arguments,
        requires,
        before,
        once=once,
        safe=safe,
        exact=exact,
        idle=idle,
        note=note,
    )


_SIGNATURE = "the function takes or returns something else afterwards"

RELAX: tuple[PassEntry, ...] = (
    _relax("AdjustMatmulOrder", exact=False),
    _relax("AllocateWorkspace", idle=True),
    _relax("AnnotateTIROpPattern", requires=_LEGAL),
    _relax("AttachAttrLayoutFreeBuffers", requires=_LEGAL, idle=True),
    _relax("AttachGlobalSymbol", before=()),
    _relax("BundleModelParams", safe=False, note=_SIGNATURE),
    _relax(
        "CallTIRRewrite", requires=("relax.LegalizeOps", *_PLAIN, "relax.RemovePurityChecking"), once=True, before=()
    ),
    _relax("CanonicalizeBindings"),
    _relax("CombineParallelMatmul", exact=False),
    _relax("ComputePrimValue", requires=_CALLS, before=()),
    _relax("ConvertLayout", (("layout", ("NHWC", "NCHW")),), exact=False),
    _relax("ConvertToDataflow", (("min_size", (2, 1, 4)),), before=(*_PLAIN, *_NOT_CALLS)),
    _relax("DataflowUseInplaceCalls", before=("relax.LegalizeOps", *_PLAIN)),
    _relax("DeadCodeElimination"),
    _relax("DecomposeOpsForInference", exact=False),
    _relax("DecomposeOpsForTraining", safe=False, note="batch_norm means something else afterwards"),
    _relax("EliminateCommonSubexpr", (("call_only", (False, True)),)),
    _relax("ExpandMatmulOfSum", exact=False),
    _relax("ExpandTupleArguments"),
    _relax("FastMathTransform", safe=False, note="it replaces functions by cruder ones on purpose"),
    _relax("FoldBatchnormToConv2D", exact=False),
    _relax("FoldConstant"),
    _relax("FuseOps", (("fuse_opt_level", (-1, 0, 1, 2)),), requires=(*_LEGAL, "relax.AnnotateTIROpPattern")),
    _relax("FuseTIR", requires=("relax.FuseOps",)),
    _relax("FuseTransposeMatmul", before=("relax.LegalizeOps",), exact=False),
    _relax("Gradient", (("func_name", ("main",)),), safe=False, note="of functions that return one scalar"),
    _relax("IPCAllReduceRewrite", (("allreduce_strategy", (1, 2)),), safe=False, note="of several devices"),
    _relax("InlinePrivateFunctions"),
    _relax(
        "KillAfterLastUse", requires=(*_PLANNED, "relax.LowerAllocTensor"), before=("relax.VMShapeLower",), once=True
    ),
    _relax("LambdaLift"),
    _relax("LazyGetInput", safe=False, note=_SIGNATURE),
    _relax("LazySetOutput", safe=False, note=_SIGNATURE),
    _relax("LazyTransformParams", safe=False, note=_SIGNATURE),
    _relax("LegalizeOps"),
    _relax("LiftTransformParams", (("shared_transform", (False, True)),), safe=False, note=_SIGNATURE),
    _relax("LowerAllocTensor", requires=_PLANNED, before=()),
    _relax("LowerGPUIPCAllocStorage", safe=False, note="of several devices"),
    _relax("LowerRuntimeBuiltin", requires=(*_PLANNED, "relax.LowerAllocTensor"), before=()),
    _relax("MergeCompositeFunctions", idle=True),
    _relax("Normalize"),
    _relax("NormalizeGlobalVar"),
    _relax("OptimizeLayoutTransform"),
    _relax("RealizeVDevice", idle=True),
    _relax("RemovePurityChecking", before=_NOT_CALLS),
    _relax("RemoveRedundantReshape"),
    _relax("RemoveUnusedOutputs"),
    _relax("RemoveUnusedParameters"),
    _relax("ReorderPermuteDimsAfterConcat", exact=False),
    _relax("ReorderTakeAfterMatmul", exact=False),
    _relax("RewriteCUDAGraph", requires=_PLANNED, before=(), idle=True),
    _relax("RewriteDataflowReshape", requires=_LEGAL, before=(*_PLAIN, *_NOT_CALLS)),
    _relax("RunCodegen", idle=True),
    _relax("SpecializePrimFuncBasedOnCallSite", requires=_LEGAL, idle=True),
    _relax("SplitLayoutRewritePreproc", requires=_LEGAL, idle=True),
    _relax("StaticPlanBlockMemory", requires=_CALLS, before=("relax.LowerAllocTensor",), once=True),
    _relax("ToMixedPrecision", (("out_dtype", ("float32", "float16")),), safe=False, note="it lowers the precision"),
    _relax("ToNonDataflow"),
    _relax(
        "TopologicalSort",
        (("order", ("depth-first", "breadth-first")), ("direction", ("from-inputs", "from-outputs"))),
    ),
    _relax(
        "VMShapeLower",
        (("emit_err_ctx", (True, False)),),
        requires=(*_PLANNED, "relax.LowerRuntimeBuiltin", "relax.ComputePrimValue"),
        before=(),
        once=True,
    ),
    _relax("backend.DispatchSampling", idle=True),
    _relax("backend.DispatchSortScan", (("index_bits", (None, 32, 64)),)),
)
