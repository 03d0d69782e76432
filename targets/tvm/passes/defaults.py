"""What TVM runs when it is told nothing, pass by pass."""

from __future__ import annotations

from tensorsmith.ir.pipeline import Step
from tensorsmith.targets.tvm.older import served_by

# The default pipeline and the code generator, and the code generator alone: `tensorsmith.targets.tvm.passes.ends`.
BUILD = Step("build")
CODEGEN = Step("codegen")

# Until the function takes other parameters.
DEFAULT_LOWERING: tuple[Step, ...] = (
    Step("s_tir.CanonicalizeLoop"),
    Step("s_tir.LowerCrossThreadReduction"),
    Step("s_tir.LowerInitBlock"),
    Step("s_tir.PlanAndUpdateBufferAllocationLocation"),
    Step("s_tir.ConvertBlocksToOpaque"),
    Step("s_tir.LiftThreadBinding"),
    Step("s_tir.ManifestSharedMemoryLocalStage"),
    Step("s_tir.CompactBufferAllocation"),
    Step("s_tir.LowerAutoCopy"),
    Step("s_tir.UnifyThreadBinding"),
    Step("s_tir.LowerMatchBuffer"),
    Step(served_by("s_tir.StmtSimplify")),
    Step("s_tir.InjectPermutedLayout"),
    Step("s_tir.AnnotateIrregularLoop"),
    Step("s_tir.InjectSoftwarePipeline"),
    Step("s_tir.TransformMmaBufferLayout"),
    Step("s_tir.LowerOpaqueBlock"),
    Step("tirx.FlattenBuffer"),
    Step("tirx.BF16ComputeLegalize"),
    Step("tirx.NarrowDataType", (("target_bits", 32),)),
    Step("s_tir.LoopPartition"),
    Step("tirx.VectorizeLoop", (("enable_vectorize", True),)),
    Step("s_tir.InjectVirtualThread"),
    Step("s_tir.InjectDoubleBuffer"),
    Step("tirx.StorageRewrite"),
    Step("s_tir.HoistIfThenElse"),
    Step("tirx.UnrollLoop"),
    Step("s_tir.RenormalizeSplitPattern"),
    Step("tirx.StmtSimplify"),
    Step("tirx.RemoveNoOp"),
    Step("s_tir.RewriteUnsafeSelect"),
    Step("tirx.CommonSubexprElim"),
    Step("tirx.FP8ComputeLegalize"),
    Step("s_tir.VerifyVTCMLimit"),
    Step("s_tir.LowerVtcmAlloc"),
    Step("tirx.VerifyMemory"),
    Step("tirx.AnnotateEntryFunc"),
    Step("s_tir.ThreadSync", (("storage_scope", "shared"),)),
    Step("s_tir.ThreadSync", (("storage_scope", "shared.dyn"),)),
    Step("s_tir.ThreadSync", (("storage_scope", "warp"),)),
    Step("s_tir.InferFragment"),
    Step("s_tir.LowerThreadAllreduce"),
    Step("s_tir.MergeSharedMemoryAllocations"),
    Step("tirx.SplitHostDevice"),
)

# All that `tirx.build` runs on functions for a CPU, before it generates code.
DEFAULT_TIR: tuple[Step, ...] = (
    *DEFAULT_LOWERING,
    Step("tirx.MakePackedAPI"),
    Step("tirx.FP8StorageLegalize"),
    Step("tirx.BF16StorageLegalize"),
    Step("tirx.LowerTVMBuiltin"),
    Step("tirx.LowerIntrin"),
)

# All that TVM's pipeline for CPUs (`relax.get_default_pipeline`) runs on a program of Relax.
DEFAULT_RELAX: tuple[Step, ...] = (
    Step("relax.backend.DispatchSampling"),
    Step("relax.backend.DispatchSortScan"),
    Step("relax.LegalizeOps"),
    Step("relax.AnnotateTIROpPattern"),
    Step("relax.FoldConstant"),
    Step("relax.FuseOps"),
    Step("relax.FuseTIR"),
    Step("relax.RewriteDataflowReshape"),
    Step("relax.ToNonDataflow"),
    Step("relax.RemovePurityChecking"),
    Step("relax.CallTIRRewrite"),
    Step("relax.StaticPlanBlockMemory"),
    Step("relax.LowerAllocTensor"),
    Step("relax.KillAfterLastUse"),
    Step("relax.LowerRuntimeBuiltin"),
    Step("relax.ComputePrimValue"),
    Step("relax.VMShapeLower"),
    Step("relax.AttachGlobalSymbol"),
)

# What `tvm.compile` runs on a program of Relax for a CPU before it builds what is left: no fusion.
BUILD_RELAX: tuple[Step, ...] = (
    Step("relax.backend.DispatchSampling"),
    Step("relax.backend.DispatchSortScan"),
    Step("relax.LegalizeOps"),
    Step("relax.RewriteDataflowReshape"),
    Step("relax.ToNonDataflow"),
    Step("relax.RemovePurityChecking"),
    Step("relax.CallTIRRewrite"),
    Step("relax.StaticPlanBlockMemory"),
    Step("relax.RewriteCUDAGraph"),
    Step("relax.LowerAllocTensor"),
    Step("relax.KillAfterLastUse"),
    Step("relax.LowerRuntimeBuiltin"),
    Step("relax.ComputePrimValue"),
    Step("relax.VMShapeLower"),
    Step("relax.AttachGlobalSymbol"),
)
