"""Learning about an operator by asking eager PyTorch on the CPU, in a child process that may die of the question."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import torch

from tensorsmith.generators.bounds import Slots, explaining_bound
from tensorsmith.generators.table import Bound, Guard, Record
from tensorsmith.ir.dtypes import COMMON, FLOATS, INTEGERS, DType
from tensorsmith.ir.graph import TensorType, tensor_type
from tensorsmith.ir.operators import is_pointwise, operator, written_arguments
from tensorsmith.ir.overlap import overlaps_itself
from tensorsmith.ir.recipe import Drawn
from tensorsmith.ir.torch_args import decode_arg, flatten_results
from tensorsmith.targets.inputs import make_tensor

CHILD_SECONDS = 60
HIGHEST = 70  # the greatest bound of an index that is looked for
FINITE_SHARE = 0.95
GUARDS: tuple[Guard, ...] = ("", "abs", "sigmoid", "tanh", "cosh")


class Learned(msgspec.Struct, frozen=True):
    """What eager PyTorch says about an operator; `excluded` is why it cannot be used, if so."""

    excluded: str = ""
    usable: tuple[int, ...] = ()
    dtypes: tuple[DType, ...] = ()
    any_shape: bool = False
    promotes: bool = False
    bounds: dict[str, Bound] = {}
    nonzero: tuple[str, ...] = ()
    guard: Guard = ""
    pointwise: bool = False
    aliases: bool = False


def learn(op: str, records: tuple[Record, ...]) -> Learned:
    """Ask about an operator in a child process.

    Returns:
        What was learned; `excluded` is set when no record works, results differ between runs, or the child died.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(CHILD_SECONDS)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # torch's warnings about what we ask
        try:
            answer = _Questions(op, records).learn()
        except Exception as error:
            answer = Learned(excluded=f"probe failed: {type(error).__name__}: {error}"[:100])
        with os.fdopen(writer, "wb") as out:
            out.write(msgspec.json.encode(answer))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        data = answers.read()
    _, status = os.waitpid(child, 0)
    if status != 0 or not data:
        return Learned(excluded=f"died of signal {os.WTERMSIG(status)} when asked")
    return msgspec.json.decode(data, type=Learned)


def run_record(op: str, record: Record, tensors: list[torch.Tensor]) -> list[torch.Tensor] | None:
    """The results of a recorded call on given tensors, or None if eager raises."""
    try:
        with torch.no_grad():
            return flatten_results(
                operator(op)(
                    *(decode_arg(a, tensors.__getitem__, "cpu") for a in record.args),
                    **{name: decode_arg(a, tensors.__getitem__, "cpu") for name, a in record.kwargs},
                )
            )
    except Exception:
        return None


@dataclass(frozen=True)
class _Questions:
    op: str
    records: tuple[Record, ...]

    def learn(self) -> Learned:
        torch.set_num_threads(1)
        bounds_of: dict[int, Mapping[str, int]] = {}
        for position, record in enumerate(self.records):
            found = self._index_bounds(record)
            if found is not None:
                bounds_of[position] = found
        if not bounds_of:
            return Learned(excluded="no record works on values of our own")
        usable = {p: self.records[p] for p in bounds_of}
        bounds: dict[str, Bound] = {}
        for name in {n for found in bounds_of.values() for n in found}:
            bound = explaining_bound(self.op, name, [(usable[p], found.get(name)) for p, found in bounds_of.items()])
            if bound is None:
                return Learned(excluded=f"no rule for the range of `{name}`")
            bounds[name] = bound
        for position, record in list(usable.items()):
            first, second = (self._run(record, bounds_of[position]) for _ in range(2))
            if first is None or second is None:
                usable.pop(position)
            elif not all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(first, second, strict=True)):
                return Learned(excluded="results differ between runs")
        dtypes = tuple(
            d
            for d in COMMON
            if any(self._run(with_main(r, d), bounds_of[p]) is not None for p, r in list(usable.items())[:6])
        )
        if not usable or not dtypes:
            return Learned(excluded="no record works on values of our own")
        pointwise = is_pointwise(self.op) or self._elementwise(usable.values())
        return Learned(
            usable=tuple(usable),
            dtypes=dtypes,
            any_shape=pointwise and self._any_shape(next(iter(usable.values())), dtypes),
            promotes=pointwise and self._promotes(usable.values()),
            bounds=bounds,
            nonzero=self._nonzero(usable.values(), dtypes),
            guard=self._guard({p: r for p, r in usable.items() if main_dtype(r) in FLOATS}, bounds_of),
            pointwise=pointwise,
            aliases=any(self._aliases(record, bounds_of[p]) for p, record in usable.items()),
        )

    def _elementwise(self, records: Iterable[Record]) -> bool:
        """Whether parts and transposes of the arguments give the same parts and transposes of the result."""
        record = next((r for r in records if r.tensors and len(r.results) == 1), None)
        if record is None or any(isinstance(a, tuple) for a in (*record.args, *dict(record.kwargs).values())):
            return False
        types = [tensor_type(t.dtype, (4, 6)) for t in record.tensors]
        whole = [make_tensor(t, Drawn("normal", position)) for position, t in enumerate(types)]
        parts: tuple[Callable[[torch.Tensor], torch.Tensor], ...] = (
            lambda t: t,
            lambda t: t[1:3],
            lambda t: t[:, 2:5],
            lambda t: t.transpose(0, 1),
            lambda t: t[2, 3],
        )
        for part in parts:
            of_whole = run_record(self.op, record, [t.clone() for t in whole])
            of_part = run_record(self.op, record, [part(t).clone() for t in whole])
            if of_whole is None or of_part is None or of_whole[0].shape != (4, 6):
                return False
            wanted = part(of_whole[0]).double()
            if wanted.shape != of_part[0].shape or not torch.allclose(wanted, of_part[0].double(), equal_nan=True):
                return False
        return True

    def _aliases(self, record: Record, bounds: Mapping[str, int]) -> bool:
        """Whether a result shares memory with an argument."""
        if written_arguments(self.op):
            return False
        tensors = [make_tensor(t, Drawn("index", p, 1)) for p, t in enumerate(record.tensors)]
        storages = {t.untyped_storage()._cdata for t in tensors if t.numel()}
        return any(r.untyped_storage()._cdata in storages for r in run_record(self.op, record, tensors) or ())

    def _run(
        self,
        record: Record,
        bounds: Mapping[str, int],
        change: Callable[[torch.Tensor], torch.Tensor] = lambda t: t,
        fills: Mapping[str, int] | None = None,
    ) -> list[torch.Tensor] | None:
        slots = Slots.of(self.op, record)
        tensors: list[torch.Tensor] = []
        for position, type_ in enumerate(record.tensors):
            name = slots.names.get(position, "")
            high = bounds.get(name)
            kind = Drawn("normal", position) if high is None else Drawn("index", position, high)
            tensor = make_tensor(type_, kind)
            if high is None and type_.dtype in FLOATS and not overlaps_itself(type_):
                tensor.copy_(change(tensor.clone()))
            if fills is not None and name in fills and not overlaps_itself(type_):
                tensor.fill_(fills[name])
            tensors.append(tensor)
        return run_record(self.op, record, tensors)

    def _index_bounds(self, record: Record) -> dict[str, int] | None:
        """For each integer argument that has a range, its bound with this record; None if nothing makes it work."""
        slots = Slots.of(self.op, record)
        names = sorted({slots.names[p] for p, t in enumerate(record.tensors) if t.dtype in INTEGERS and t.numel})
        start = next((v for v in (0, 1) if self._run(record, {}, fills=dict.fromkeys(names, v)) is not None), None)
        if start is None:
            return None
        found: dict[str, int] = {}
        rest = dict.fromkeys(names, start)
        for name in names:
            if all(self._run(record, {}, fills=rest | {name: v}) is not None for v in (HIGHEST, 100, 1)):
                continue
            high = 1
            while high <= HIGHEST and self._run(record, {}, fills=rest | {name: high}) is not None:
                high += 1
            found[name] = high
        return found

    def _any_shape(self, record: Record, dtypes: tuple[DType, ...]) -> bool:
        dtype = main_dtype(record) if main_dtype(record) in dtypes else dtypes[-1]
        shapes: tuple[tuple[int, ...], ...] = ((), (0,), (2, 0, 3), (5,), (1, 3), (2, 1, 3, 2, 2))
        others: tuple[tuple[int, ...], ...] = ((), (3,), (4, 1))
        base = with_main(record, dtype or "f32")
        for shape in shapes:
            if self._run(with_shapes(base, [shape] * len(base.tensors)), {}) is None:
                return False
        for position in range(1, len(base.tensors)):
            for other in others:
                mixed: list[tuple[int, ...]] = [(4, 3)] * len(base.tensors)
                mixed[position] = other
                if self._run(with_shapes(base, mixed), {}) is None:
                    return False
        return True

    def _promotes(self, records: Iterable[Record]) -> bool:
        pairs: tuple[tuple[DType, DType], ...] = (("f32", "i64"), ("f16", "f32"), ("f64", "bool"), ("f32", "bf16"))
        wanted = [r for r in records if len(r.tensors) > 1 and len({t.dtype for t in r.tensors}) == 1]
        if not wanted:
            return False
        for first, second in pairs:
            types = [tensor_type(first if p == 0 else second, t.shape) for p, t in enumerate(wanted[0].tensors)]
            if self._run(msgspec.structs.replace(wanted[0], tensors=tuple(types)), {}) is None:
                return False
        return True

    def _nonzero(self, records: Iterable[Record], dtypes: tuple[DType, ...]) -> tuple[str, ...]:
        integers = [d for d in dtypes if d in INTEGERS]
        found: set[str] = set()
        for record in records:
            for dtype in integers[:1]:
                candidate = with_main(record, dtype)
                slots = Slots.of(self.op, candidate)
                ones = dict.fromkeys(slots.names.values(), 1)
                if self._run(candidate, {}, fills=ones) is None:
                    continue
                found |= {n for n in slots.names.values() if self._run(candidate, {}, fills=ones | {n: 0}) is None}
        return tuple(sorted(found))

    def _guard(self, records: Mapping[int, Record], bounds_of: Mapping[int, Mapping[str, int]]) -> Guard:
        def share(guard: Guard) -> float:
            finite = total = 0
            for position, record in list(records.items())[:4]:
                for result in self._run(record, bounds_of[position], lambda t: guarded(guard, t)) or ():
                    if result.is_floating_point():
                        finite += int(result.isfinite().sum())
                        total += result.numel()
            return finite / total if total else 1.0

        shares = {}
        for guard in GUARDS:
            shares[guard] = share(guard)
            if shares[guard] >= FINITE_SHARE:
                return guard
        return max(GUARDS, key=lambda g: shares[g])


def guarded(guard: Guard, tensor: torch.Tensor) -> torch.Tensor:
    """A tensor brought into a guard's range."""
    if not guard:
        return tensor
    found: Any = getattr(torch, guard)(tensor)
    return found  # type: ignore[no-any-return]


def main_dtype(record: Record) -> DType | None:
    """The dtype of the record's first tensor that is no mask, or None if it has no tensor."""
    dtypes = [t.dtype for t in record.tensors]
    return next((d for d in dtypes if d != "bool"), dtypes[0] if dtypes else None)


def with_main(record: Record, dtype: DType) -> Record:
    """The record with another main dtype: every tensor that had the old one gets the new one."""
    main = main_dtype(record)
    return msgspec.structs.replace(
        record,
        tensors=tuple(TensorType(dtype, t.shape, t.stride, t.offset) if t.dtype == main else t for t in record.tensors),
    )


def with_shapes(record: Record, shapes: list[tuple[int, ...]]) -> Record:
    """The record with other shapes, contiguous."""
    return msgspec.structs.replace(
        record,
        tensors=tuple(TensorType(t.dtype, shape) for t, shape in zip(record.tensors, shapes, strict=True)),
    )
