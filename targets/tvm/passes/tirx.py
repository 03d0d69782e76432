"""The passes of `tvm.tirx.transform`."""

from __future__ import annotations

from tensorsmith.targets.tvm.passes.entry import PassEntry

# No pass of blocks is to come any more, and loops count from zero in steps of one.
_LOWERED = ("s_tir.LowerOpaqueBlock",)
_FLAT = ("s_tir.LowerOpaqueBlock", "tirx.FlattenBuffer")
_AFTER_PACKED = (
    "codegen",
    "tirx.BF16StorageLegalize",
    "tirx.FP8StorageLegalize",
    "tirx.LowerIntrin",
    "tirx.LowerTVMBuiltin",
    "tirx.SkipAssert",
    "tirx.StmtSimplify",
)

TIRX: tuple[PassEntry, ...] = (
    PassEntry("tirx.AnnotateEntryFunc"),
    PassEntry("tirx.BF16ComputeLegalize"),
    PassEntry("tirx.BF16StorageLegalize", requires=("tirx.BF16ComputeLegalize", "tirx.MakePackedAPI")),
    PassEntry("tirx.CommonSubexprElim", requires=_LOWERED),
    PassEntry("tirx.ConvertSSA"),
    PassEntry("tirx.FP8ComputeLegalize", arguments=(("promote_dtype", ("float32", "float16")),), idle=True),
    PassEntry("tirx.FP8StorageLegalize", requires=("tirx.MakePackedAPI",), idle=True),
    PassEntry("tirx.FlattenBuffer", requires=_LOWERED),
    PassEntry(
        "tirx.ForceNarrowIndexToInt32",
        requires=_FLAT,
        before=("tirx.MakePackedAPI",),
        safe=False,
        note="it rejects functions with buffers or constants of int64",
    ),
    PassEntry("tirx.InlinePrivateFunctions", idle=True),
    PassEntry(
        "tirx.LowerIntrin",
        requires=(*_FLAT, "tirx.VectorizeLoop"),
        exact=False,
        note="it replaces functions such as tanh by formulas",
    ),
    PassEntry("tirx.LowerTIRx", safe=False, note="of functions that are not made of blocks"),
    PassEntry("tirx.LowerTIRxOpaque", safe=False, note="of functions that are not made of blocks"),
    PassEntry(
        "tirx.LowerTVMBuiltin",
        requires=("tirx.MakePackedAPI",),
        once=True,
        followers=("codegen", "tirx.LowerIntrin", "tirx.SkipAssert", "tirx.StmtSimplify"),
    ),
    PassEntry("tirx.LowerWarpMemory", idle=True),
    PassEntry(
        "tirx.MakePackedAPI",
        requires=(*_FLAT, "tirx.VectorizeLoop", "tirx.AnnotateEntryFunc", "tirx.SplitHostDevice"),
        once=True,
        followers=_AFTER_PACKED,
        note="the function takes other parameters afterwards",
    ),
    PassEntry(
        "tirx.NarrowDataType",
        arguments=(("target_bits", (32, 64)),),
        requires=_FLAT,
        deadly=True,
    ),
    PassEntry("tirx.PointerValueTypeRewrite", requires=(*_FLAT, "tirx.VectorizeLoop")),
    PassEntry("tirx.RemoveAssume"),
    PassEntry("tirx.RemoveNoOp"),
    PassEntry("tirx.SkipAssert"),
    PassEntry("tirx.SplitHostDevice", requires=_LOWERED, idle=True),
    PassEntry("tirx.StmtSimplify"),
    PassEntry("tirx.StorageRewrite", requires=(*_FLAT, "tirx.VectorizeLoop")),
    PassEntry("tirx.TilePrimitiveDispatch", safe=False, note="of functions that are not made of blocks"),
    PassEntry("tirx.UnrollLoop", requires=("s_tir.CanonicalizeLoop", "s_tir.LowerOpaqueBlock")),
    PassEntry(
        "tirx.VectorizeLoop",
        arguments=(("enable_vectorize", (True, False)),),
        requires=("s_tir.CanonicalizeLoop", *_FLAT),
    ),
    PassEntry("tirx.VerifyMemory"),
)
