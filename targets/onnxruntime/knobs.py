"""The pipeline space of ONNX Runtime: its level of optimization, and single optimizers switched off.

The names are those that `InferenceSession(disabled_optimizers=...)` takes. Those of transformers are in the log of a
session (verbose, "GraphTransformer NAME modified"), those of rules in ONNX Runtime's sources (`RewriteRule("NAME")`,
onnxruntime/core/optimizer). Left out are those that run though they are disabled (casts that kernels need), those that
do not run by default, and `FreeDimensionOverrideTransformer`, which does what the user asks for. A name that the
installed release does not know changes nothing there.
"""

from __future__ import annotations

from tensorsmith.targets.api import Knob

LEVEL = "graph_optimization_level"
# Levels below the default, `all`, the least first, and their names in `GraphOptimizationLevel`.
LEVELS: dict[str, str] = {
    "disable_all": "ORT_DISABLE_ALL",
    "basic": "ORT_ENABLE_BASIC",
    "extended": "ORT_ENABLE_EXTENDED",
    "layout": "ORT_ENABLE_LAYOUT",
}
# What a session does by default.
DEFAULT_LEVEL = "all"

# By the first level that has them. `GemmTransposeFusion`, `MatMulAddFusion` and `EnsureUniqueDQForNodeUnit` are in two.
BASIC: tuple[str, ...] = (
    # Rules
    "EliminateIdentity", "EliminateSlice", "UnsqueezeElimination", "EliminateDropout", "ExpandElimination",
    "CastElimination", "PreShapeNodeElimination", "NoopElimination", "DivMulFusion", "FuseReluClip", "GemmSumFusion",
    "GemmTransposeFusion", "NotWhereFusion", "ConvAddFusion", "ConvMulFusion", "ConvBNFusion", "Pad_Fusion",
    "MatMul_BatchNormalization_Fusion", "LabelEncoderFusion",
    # Transformers
    "DoubleQDQPairsRemover", "ConstantSharing", "CommonSubexpressionElimination", "ConstantFolding", "MatMulAddFusion",
    "ReshapeFusion", "SliceConcatToSpaceToDepthFusion", "GeluFusionL1", "LayerNormFusionL1",
    "QDQPropagationTransformer", "WeightBiasQuantization", "WhereDummyDq", "TransposeOptimizer",
)  # fmt: skip
EXTENDED: tuple[str, ...] = (
    "ClipQuantRewrite", "ReluQuantRewrite",
    "TransposeOptimizer_CPUExecutionProvider", "QDQS8ToU8Transformer", "QDQSelectorActionTransformer",
    "GemmActivationFusion", "MatMulIntegerToFloatFusion", "DynamicQuantizeMatMulFusion", "ConvActivationFusion",
    "GeluFusionL2", "LayerNormFusionL2", "SimplifiedLayerNormFusion", "AttentionFusion", "EmbedLayerNormFusion",
    "GatherSliceToSplitFusion", "GatherToSliceFusion", "MatmulTransposeFusion", "BiasGeluFusion",
    "GroupQueryAttentionFusion", "SkipLayerNormFusion", "BiasSkipLayerNormFusion", "FastGeluFusion", "QuickGeluFusion",
    "BiasSoftmaxFusion", "BiasDropoutFusion", "MatMulScaleFusion", "MatMulActivationFusion", "MatMulNBitsFusion",
    "GroupQueryAttentionPreNormFusion", "QDQFinalCleanupTransformer",
)  # fmt: skip
LAYOUT: tuple[str, ...] = (
    "NchwcTransformer", "NhwcTransformer", "ConvAddActivationFusion", "FuseFp16InitializerToFp32NodeTransformer",
)  # fmt: skip
OPTIMIZERS: tuple[str, ...] = (*BASIC, *EXTENDED, *LAYOUT)


def onnxruntime_knobs() -> tuple[Knob, ...]:
    """The level, and each optimizer switched off."""
    return (Knob(LEVEL, tuple(LEVELS), weight=8.0), *(Knob(name, (False,)) for name in OPTIMIZERS))


def optimizers_of(level: str) -> tuple[str, ...]:
    """The optimizers that the level adds to the one below it."""
    return {"basic": BASIC, "extended": EXTENDED, "layout": LAYOUT}.get(level, ())
