"""Compiled against eager, on every channel: shapes, dtypes, values, writes to inputs, and what aliases what."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from tensorsmith.ir.testcase import TestCase
from tensorsmith.oracles.errors import failed_with
from tensorsmith.oracles.noise import Envelope, Undefined, envelopes
from tensorsmith.oracles.observation import Observation, equal_bits, observe
from tensorsmith.oracles.overflow import nearly_overflows
from tensorsmith.oracles.ties import IndexSource, index_source, repeats, same_choice
from tensorsmith.oracles.verdict import Channel, Verdict, invalid, passed
from tensorsmith.targets.api import Runnable, Target

NAME = "differential"

# rtol and atol that PyTorch's own tests hold a compiled result to (torch.testing.assert_close).
TOLERANCES: dict[torch.dtype, tuple[float, float]] = {
    torch.float16: (1e-3, 1e-5),
    torch.bfloat16: (1.6e-2, 1e-5),
    torch.float32: (1.3e-6, 1e-5),
    torch.float64: (1e-7, 1e-7),
}


# The share of its own size that an element may vary by in the runs of `oracles.noise` and still be judged: so many
# times the rounding of its dtype, and never more than a tenth.
ILL_CONDITIONED = 1e5


def judge_call(case: TestCase, expected: Observation, run: Runnable, target: Target) -> Verdict:
    """Compare one call of what was compiled with what eager gave."""
    try:
        actual = observe(run, case)
    except Exception as error:
        return failed_with(NAME, error, target)
    return compare(case, expected, actual)


def compare(case: TestCase, expected: Observation, actual: Observation) -> Verdict:
    """The verdict on what a compiled run gave, beside what eager gave."""
    for plain, difference in _plain_differences(expected, actual):
        return _wrong(plain, difference)
    suspects = [
        (name, position, want, got)
        for position, (name, want, got) in enumerate(_named_pairs(expected, actual))
        if not close(want, got)
    ]
    if suspects:
        try:
            allowed = envelopes(case)
        except Undefined as undefined:
            return invalid(NAME, f"undefined:{undefined}", "the program's result is undefined for these values")
        for name, position, want, got in suspects:
            source = _index_source(case, position, want)
            if source is not None:
                problem = _wrong_choice(source, want, got, allowed[position])
            else:
                problem = outside(want, got, allowed[position])
            if problem is not None:
                if outside(want, _without_overflow(want, got), allowed[position]) is None and nearly_overflows(case):
                    return invalid(NAME, "undefined:overflow-on-the-way", "another order of the steps may overflow")
                channel: Channel = "mutation" if name.startswith("input") else "values"
                message, evidence = problem
                return _wrong(channel, f"{name}: {message}", evidence)
    aliasing = _aliasing_difference(expected, actual)
    return _wrong("aliasing", aliasing) if aliasing else passed(NAME)


def close(want: torch.Tensor, got: torch.Tensor) -> bool:
    """Whether two tensors of one type agree to PyTorch's default tolerances; whole numbers exactly."""
    if want.dtype not in TOLERANCES:
        return equal_bits(want, got)
    rtol, atol = TOLERANCES[want.dtype]
    return torch.allclose(got, want, rtol=rtol, atol=atol, equal_nan=True)


def outside(
    want: torch.Tensor, got: torch.Tensor, envelope: Envelope
) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """Where a result leaves its envelope, in words and as evidence, or None if it does not."""
    got, want = got.cpu(), want.cpu()
    if want.dtype not in TOLERANCES:
        bad = (got != want) & envelope.judged
    else:
        rtol, atol = TOLERANCES[want.dtype]
        wide = got.double()
        width = (envelope.high - envelope.low).nan_to_num(nan=0.0)
        size = torch.maximum(envelope.low.abs(), envelope.high.abs())
        slack = width + atol + rtol * size
        inside = (wide >= envelope.low - slack) & (wide <= envelope.high + slack)
        inside |= (wide == envelope.low) | (wide == envelope.high)
        inside |= wide.isnan() & envelope.nan
        # Where rounding alone moves a value by this much of itself, a few runs do not show how far it may go.
        hopeless = min(0.1, ILL_CONDITIONED * torch.finfo(want.dtype).eps)
        inside |= (width > hopeless * size) & wide.isfinite()
        if envelope.reference is not None:
            # Eager overflowed on the way; where another order of the same steps overflows is anyone's guess.
            inside |= ~want.isfinite() & envelope.reference.isfinite()
        bad = ~inside
    if not bad.any():
        return None
    flat = int(bad.reshape(-1).nonzero()[0])
    index = tuple(int(i) for i in torch.unravel_index(torch.tensor(flat), want.shape))
    message = (
        f"{int(bad.sum())} of {want.numel()} elements differ; at {list(index)} expected {want[index].item()!r}, "
        f"got {got[index].item()!r}"
    )
    evidence = [
        ("expected", str(want.reshape(-1)[:16].tolist())),
        ("actual", str(got.reshape(-1)[:16].tolist())),
        ("allowed", f"{envelope.low[index].item()!r} to {envelope.high[index].item()!r} at {list(index)}"),
    ]
    if envelope.reference is not None:
        evidence.append(("float64", repr(envelope.reference[index].item())))
    return message, tuple(evidence)


def _without_overflow(want: torch.Tensor, got: torch.Tensor) -> torch.Tensor:
    """What a compiler gave, with eager's values in place of those of which either is infinite or NaN."""
    return torch.where(want.isfinite() & got.isfinite(), got, want) if want.dtype.is_floating_point else got


def _index_source(case: TestCase, position: int, want: torch.Tensor) -> IndexSource | None:
    """What a result points into, if it is one of indices that are free among equals."""
    if position >= len(case.graph.outputs) or want.dtype is not torch.int64:
        return None
    return index_source(case, position)


def _wrong_choice(
    source: IndexSource, want: torch.Tensor, got: torch.Tensor, envelope: Envelope
) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """Where indices point at values that are not equal though no rounding decides which, or at one twice, in words and
    as evidence."""
    bad = ~same_choice(source.values, source.dim, want.cpu(), got.cpu()) & envelope.settled
    if source.distinct and source.dim is not None:
        bad |= repeats(got.cpu(), source.dim)
    if not bad.any():
        return None
    evidence = (("expected", str(want.reshape(-1)[:16].tolist())), ("actual", str(got.reshape(-1)[:16].tolist())))
    return f"{int(bad.sum())} of {want.numel()} indices point at other values", evidence


def _named_pairs(expected: Observation, actual: Observation) -> Iterator[tuple[str, torch.Tensor, torch.Tensor]]:
    for position, (want, got) in enumerate(zip(expected.outputs, actual.outputs, strict=True)):
        yield f"output {position}", want, got
    for position, (want, got) in enumerate(zip(expected.inputs_after, actual.inputs_after, strict=True)):
        yield f"input {position} after the run", want, got


def _plain_differences(expected: Observation, actual: Observation) -> Iterator[tuple[Channel, str]]:
    if len(expected.outputs) != len(actual.outputs):
        yield "count", f"{len(expected.outputs)} outputs expected, got {len(actual.outputs)}"
        return
    for name, want, got in _named_pairs(expected, actual):
        if want.dtype != got.dtype:
            yield "dtype", f"{name}: dtype {want.dtype} expected, got {got.dtype}"
        if want.shape != got.shape:
            yield "shape", f"{name}: shape {list(want.shape)} expected, got {list(got.shape)}"


def _aliasing_difference(expected: Observation, actual: Observation) -> str:
    """What shares memory and should not, or should and does not, in words; empty if nothing.

    That two outputs share memory with each other and with no input is not promised to programs that need no gradient
    (AOTAutograd rebuilds such views only for autograd), so losing it does not count; gaining it does.
    """
    lost = sorted(pair for pair in expected.aliases - actual.aliases if pair[1].startswith("input"))
    gained = sorted(actual.aliases - expected.aliases)
    parts = [f"{a} should share memory with {b} and does not" for a, b in lost]
    parts += [f"{a} shares memory with {b} and should not" for a, b in gained]
    return "; ".join(parts)


def _wrong(channel: Channel, message: str, evidence: tuple[tuple[str, str], ...] = ()) -> Verdict:
    return Verdict("fail", NAME, kind="wrong-result", channel=channel, message=message, evidence=evidence)
