"""Which operators random programs leave out, and why: what has no one right answer, or no fixed shape."""

from __future__ import annotations

import re

import torch

from tensorsmith.generators.out_variants import functional_of
from tensorsmith.ir.operators import changes_metadata, operator, undefined_reason

# Internal operators that ordinary programs reach; other names with a leading underscore are left out.
REACHED = frozenset(
    {
        "_softmax",
        "_log_softmax",
        "_to_copy",
        "_unsafe_view",
        "_adaptive_avg_pool2d",
        "_adaptive_avg_pool3d",
        "_prelu_kernel",
        "_cdist_forward",
        "_safe_softmax",
        "_softmax_backward_data",
        "_upsample_nearest_exact1d",
        "_upsample_nearest_exact2d",
        "_upsample_nearest_exact3d",
    }
)

# Tagged as of data-dependent shape, which they are with masks only.
FIXED_SHAPE = frozenset({"aten.index.Tensor"})

# Operators for autograd's own use do not check what they are given; ordinary programs reach these, all elementwise.
CHECKED_BACKWARD = frozenset(
    {"gelu_backward", "logit_backward", "silu_backward", "sigmoid_backward", "tanh_backward", "threshold_backward"}
)

# Patterns of names, without the namespace and the overload; the first that matches gives the reason.
_REASONS: tuple[tuple[str, str], ...] = (
    (
        r"(linalg_)?(svd|eig|qr|lu|lstsq|ldl|pinv|householder)|geqrf|or[gm]qr|ormqr|triangular_solve",
        "non-unique-result",
    ),
    (r"linalg_(cond|matrix_rank|tensorinv|tensorsolve|inv|solve|cholesky|det|slogdet)", "ill-conditioned"),
    (
        r"det$|slogdet|nuclear_norm|matrix_power|cholesky|logdet|linalg_matrix_norm|linalg_norm|matrix_exp|linalg_matrix_(exp|power)",
        "ill-conditioned",
    ),
    (r".*dropout|rrelu|rand|normal|bernoulli|multinomial|poisson$|.*fractional_max_pool", "random"),
    (r"searchsorted|bucketize|segment_reduce|histogramdd|histogram", "needs-sorted-values"),
    (r"as_strided|set_?$|resize|unflatten_dense|flatten_dense", "layout-dependent"),
    (r"hash_tensor|nextafter", "amplifies-rounding"),
    (r"bincount|unique|nonzero|argwhere|masked_select|combinations", "data-dependent-shape"),
    (r"lift|record_stream|is_|sym_|data$|rename|align_|refine_names|retain_grad|requires_grad", "not-numeric"),
    (
        r"fft_|stft|istft|complex|polar|chalf|view_as_(real|complex)|real|imag|conj|resolve_|matrix_H|adjoint|mH",
        "complex",
    ),
    (r".*(quantize|qparams|fbgemm|sparse|mkldnn|cudnn|miopen|mps|nested|batch_norm_impl)", "other-layouts-or-devices"),
    (
        r"(c?col_|c?row_|crow_)?indices|values|coalesce|s?smm|sspaddmm|pin_memory|int_repr|fused_moving_avg_obs",
        "other-layouts-or-devices",
    ),
    (r"ctc_loss|embedding_renorm|max_unpool|.*max_pool.*_backward", "undefined-for-random-indices"),
    (r"empty|new_empty", "uninitialized-memory"),
    # What it returns beside its result is for its own backward and differs between kernels.
    (r"embedding_bag", "internal-results"),
    (r"einsum|meshgrid|gradient|cartesian_prod|block_diag|nll_loss_nd", "needs-its-own-rule"),
)
_OVERLOAD_REASONS: tuple[tuple[str, str], ...] = (
    (r"aten\.msort\.out", "no-meta-kernel"),
    (r"aten\.(cov|corrcoef)\.default", "meta-kernel-needs-values"),
    (r"aten\.repeat_interleave\.(Tensor|self_Tensor)|aten\.narrow\.Tensor", "data-dependent-shape"),
    (r"aten\.where\.default", "data-dependent-shape"),
    (r"aten\.(nan)?quantile\.default", "needs-values-from-0-to-1"),
    (r"aten\.tensor_split\.tensor_indices_or_sections", "data-dependent-shape"),
    (r"aten\.(linspace|logspace)\..*Tensor.*", "data-dependent-shape"),
)


def exclusion_reason(name: str) -> str | None:
    """Why random programs do not use an operator, or None if they may.

    Raises:
        InvalidInputError: there is no such operator.
    """
    op = operator(name)
    if not name.startswith("aten."):
        return "not-aten"
    if any(a.kwarg_only and a.alias_info is not None and a.alias_info.is_write for a in op._schema.arguments):
        twin = functional_of(name)
        # Those that code generation adds are reached by no public function, and Dynamo does not take them.
        if twin is None or torch.Tag.generated in op.tags:
            return "writes-out-argument"
        own = next((reason for pattern, reason in _OVERLOAD_REASONS if re.fullmatch(pattern, name)), None)
        return own or exclusion_reason(twin)
    if not op._schema.returns:
        return "returns-nothing"
    if changes_metadata(name):
        return "changes-metadata-in-place"
    undefined = undefined_reason(name)
    if undefined is not None:
        return undefined
    if name in FIXED_SHAPE:
        return None
    if torch.Tag.dynamic_output_shape in op.tags or torch.Tag.data_dependent_output in op.tags:
        return "data-dependent-shape"
    for pattern, reason in _OVERLOAD_REASONS:
        if re.fullmatch(pattern, name):
            return reason
    base = name.split(".")[1]
    if base.startswith("_"):
        return None if base in REACHED or base.startswith("_foreach_") else "internal"
    if re.search(r"_backward(_jvp)?$|_inverse$", base) and base not in CHECKED_BACKWARD:
        return "unchecked-arguments"
    for pattern, reason in _REASONS:
        if re.match(pattern, base):
            return reason
    return None
