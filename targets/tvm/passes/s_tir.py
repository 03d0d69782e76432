"""The passes of `tvm.s_tir.transform`."""

from __future__ import annotations

from tensorsmith.targets.tvm.passes.entry import PassEntry

_OPAQUE = ("s_tir.ConvertBlocksToOpaque",)
_LOWERED = ("s_tir.LowerOpaqueBlock",)
_COUNTED = ("s_tir.CanonicalizeLoop", "s_tir.LowerOpaqueBlock")
_NOT_LOWERED = ("s_tir.LowerOpaqueBlock", "tirx.FlattenBuffer")

S_TIR: tuple[PassEntry, ...] = (
    PassEntry("s_tir.AnnotateIrregularLoop"),
    PassEntry("s_tir.CanonicalizeLoop"),
    PassEntry(
        "s_tir.CompactBufferAllocation",
        arguments=(("is_strict", (True, False)),),
        requires=_OPAQUE,
        before=("tirx.FlattenBuffer",),
    ),
    PassEntry("s_tir.ConvertBlocksToOpaque", requires=("s_tir.LowerInitBlock",)),
    PassEntry("s_tir.ConvertSSA"),
    PassEntry("s_tir.DecorateDeviceScope", safe=False, note="it puts the whole function on a device"),
    PassEntry("s_tir.DefaultGPUSchedule", safe=False, note="of targets that have threads"),
    PassEntry("s_tir.HoistExpression", requires=_LOWERED),
    PassEntry("s_tir.HoistIfThenElse", arguments=(("variant", (None, "basic")),), requires=_LOWERED),
    PassEntry("s_tir.InferFragment", idle=True),
    PassEntry(
        "s_tir.InjectDoubleBuffer",
        requires=(*_COUNTED, "tirx.FlattenBuffer"),
        before=("tirx.StorageRewrite",),
        idle=True,
    ),
    PassEntry("s_tir.InjectPTXAsyncCopy", idle=True),
    PassEntry("s_tir.InjectPTXLDG32", arguments=(("enable_inject_ptx_intrin", (True, False)),), idle=True),
    PassEntry("s_tir.InjectPermutedLayout", before=_NOT_LOWERED, idle=True),
    PassEntry(
        "s_tir.InjectSoftwarePipeline", requires=("s_tir.CanonicalizeLoop", *_OPAQUE), before=_NOT_LOWERED, idle=True
    ),
    PassEntry("s_tir.InjectVirtualThread", requires=_COUNTED, before=("tirx.StorageRewrite",), idle=True),
    PassEntry("s_tir.InstrumentBoundCheckers", requires=_LOWERED, idle=True),
    PassEntry("s_tir.InstrumentProfileIntrinsics", safe=False, note="it adds calls that only Hexagon has"),
    PassEntry("s_tir.LiftThreadBinding", idle=True),
    PassEntry("s_tir.LoopPartition", requires=_COUNTED),
    PassEntry("s_tir.LowerAsyncDMA", idle=True),
    PassEntry("s_tir.LowerAutoCopy", before=_NOT_LOWERED, idle=True),
    PassEntry(
        "s_tir.LowerCrossThreadReduction", before=("s_tir.LowerInitBlock", "s_tir.ConvertBlocksToOpaque"), idle=True
    ),
    PassEntry("s_tir.LowerInitBlock"),
    PassEntry("s_tir.LowerMatchBuffer", requires=_OPAQUE, before=_NOT_LOWERED),
    PassEntry("s_tir.LowerOpaqueBlock", requires=(*_OPAQUE, "s_tir.LowerMatchBuffer")),
    PassEntry("s_tir.LowerThreadAllreduce", idle=True),
    PassEntry("s_tir.LowerVtcmAlloc", idle=True),
    PassEntry("s_tir.ManifestSharedMemoryLocalStage", before=_NOT_LOWERED, idle=True),
    PassEntry("s_tir.MergeSharedMemoryAllocations", idle=True),
    PassEntry(
        "s_tir.PlanAndUpdateBufferAllocationLocation",
        requires=("s_tir.LowerInitBlock",),
        before=("s_tir.ConvertBlocksToOpaque",),
    ),
    PassEntry("s_tir.RemoveStoreUndef"),
    PassEntry(
        "s_tir.RemoveWeightLayoutRewriteBlock",
        arguments=(("skip_tensor_rewrite", (False, True)),),
        before=_OPAQUE,
        idle=True,
    ),
    PassEntry("s_tir.RenormalizeSplitPattern"),
    PassEntry("s_tir.RewriteUnsafeSelect"),
    PassEntry("s_tir.StmtSimplify"),
    PassEntry("s_tir.ThreadSync", arguments=(("storage_scope", ("shared", "shared.dyn", "warp")),), idle=True),
    PassEntry("s_tir.TransformMmaBufferLayout", before=_NOT_LOWERED, idle=True),
    PassEntry("s_tir.UnifyThreadBinding", idle=True),
    PassEntry("s_tir.UseAssumeToReduceBranches", idle=True),
    PassEntry("s_tir.VerifyVTCMLimit", idle=True),
)
