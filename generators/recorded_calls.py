"""Recording the operator calls that Python code makes, such as PyTorch's own OpInfo samples."""

from __future__ import annotations

import random
import signal
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tensorsmith.generators.table import Record
from tensorsmith.ir.errors import TensorsmithError
from tensorsmith.ir.graph import TensorType, arg_refs
from tensorsmith.ir.torch_args import encode_arg, flatten_results, type_of

SAMPLES = 80  # drawn from each OpInfo and dtype
SAMPLE_SECONDS = 10  # for all samples of one OpInfo and dtype
LARGEST = 2048  # elements of a tensor in a record
WIDEST = 64  # size of a dimension
DEEPEST = 6  # rank


class Recorder(TorchDispatchMode):
    """Keeps every operator call that works and that a graph could hold; `sink` takes (operator, record).

    `fits` says of which tensors a call is kept, by default small real ones.
    """

    def __init__(self, sink: Callable[[str, Record], None], fits: Callable[[TensorType], bool] | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._sink = sink
        self._fits = fits or _small

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the call and pass its record on."""
        kwargs = kwargs or {}
        tensors: list[TensorType] = []
        try:
            record = _encode(args, kwargs, tensors)
        except (TensorsmithError, KeyError, RuntimeError, NotImplementedError):
            return func(*args, **kwargs)
        result = func(*args, **kwargs)
        try:
            results = tuple(type_of(t) for t in flatten_results(result))
        except TensorsmithError:
            return result
        if results and all(map(self._fits, (*results, *tensors))):
            self._sink(
                f"{func._schema.name.replace('::', '.')}.{func._overloadname}",
                Record(tuple(tensors), record[0], record[1], results),
            )
        return result


def _encode(args: Any, kwargs: Any, tensors: list[TensorType]) -> Any:
    positions: dict[int, int] = {}

    def ref(tensor: torch.Tensor) -> int:
        if id(tensor) not in positions:
            positions[id(tensor)] = len(tensors)
            tensors.append(type_of(tensor))
        return positions[id(tensor)]

    return (
        tuple(encode_arg(a, ref) for a in args),
        tuple((name, encode_arg(a, ref)) for name, a in kwargs.items()),
    )


def _small(type_: TensorType) -> bool:
    return (
        type_.numel <= LARGEST
        and len(type_.shape) <= DEEPEST
        and all(n <= WIDEST for n in type_.shape)
        and not type_.dtype.startswith("c")
    )


def opinfo_calls() -> Iterator[tuple[str, str, Record]]:
    """Every call that the OpInfo samples lead to, as (OpInfo name, operator, record)."""
    from torch.testing._internal.common_methods_invocations import op_db

    found: list[tuple[str, Record]] = []
    for info in op_db:
        for dtype in (torch.float32, torch.int64, torch.bool):
            if dtype in info.supported_dtypes("cpu"):
                _run_samples(info, dtype, lambda op, record: found.append((op, record)))
        yield from ((info.name, op, record) for op, record in found)
        found.clear()


def _run_samples(info: Any, dtype: torch.dtype, sink: Callable[[str, Record], None]) -> None:
    torch.manual_seed(0)
    random.seed(0)

    def too_slow(*_: Any) -> None:
        raise TimeoutError

    previous = signal.signal(signal.SIGALRM, too_slow)
    signal.alarm(SAMPLE_SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for composite in (True, False):
                # Inference mode shows composite operators, such as matmul; without it what they are made of is seen.
                with torch.inference_mode(composite):
                    for sample in islice(info.sample_inputs("cpu", dtype), SAMPLES):
                        _run_sample(info, sample, sink)
    except Exception:
        return  # an OpInfo whose samples need what is not installed here
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def _run_sample(info: Any, sample: Any, sink: Callable[[str, Record], None]) -> None:
    for variant in (info.op, info.method_variant, info.inplace_variant):
        if variant is None:
            continue
        try:
            first = sample.input.clone() if isinstance(sample.input, torch.Tensor) else sample.input
            with torch.no_grad(), Recorder(sink):
                variant(first, *sample.args, **sample.kwargs)
        except TimeoutError:
            raise
        except Exception:
            continue


def schema_calls() -> Iterator[tuple[str, Record]]:
    """Calls made up for pointwise operators, from their schemas alone, for those without samples."""
    for name in torch._C._dispatch_get_all_op_names():
        namespace, _, rest = name.partition("::")
        if namespace != "aten" or rest.startswith("_"):
            continue
        base, _, overload = rest.partition(".")
        op = getattr(getattr(torch.ops.aten, base, None), overload or "default", None)
        if not isinstance(op, torch._ops.OpOverload) or torch.Tag.pointwise not in op.tags:
            continue
        required = [a for a in op._schema.arguments if a.default_value is None and not a.has_default_value()]
        kinds = [str(a.type) for a in required]
        if any(kind not in ("Tensor", "number", "float", "int") for kind in kinds) or "Tensor" not in kinds:
            continue
        for dtype in (torch.float32, torch.int64):
            made = [
                torch.ones(3, 4, dtype=dtype) if kind == "Tensor" else 2 if kind != "float" else 0.5 for kind in kinds
            ]
            kept: list[Record] = []
            try:
                with torch.inference_mode(), Recorder(lambda _, record, kept=kept: kept.append(record)):  # type: ignore[misc]
                    op(
                        *(v for a, v in zip(required, made, strict=True) if not a.kwarg_only),
                        **{a.name: v for a, v in zip(required, made, strict=True) if a.kwarg_only},
                    )
            except Exception:
                continue
            yield from ((f"aten.{base}.{overload or 'default'}", record) for record in kept[:1])


def pick_diverse(records: list[Record], most: int) -> tuple[Record, ...]:
    """At most `most` of the records: one of each structure first, then further ones of each, without repeats."""
    structures: dict[Any, list[Record]] = {}
    for record in dict.fromkeys(records):
        structures.setdefault(_structure(record), []).append(record)
    picked: list[Record] = []
    depth = 0
    while len(picked) < most and any(len(group) > depth for group in structures.values()):
        picked.extend(group[depth] for group in structures.values() if len(group) > depth)
        depth += 1
    return tuple(picked[:most])


def _structure(record: Record) -> Any:
    return (
        tuple((t.dtype, len(t.shape)) for t in record.tensors),
        len(record.args),
        tuple(name for name, _ in record.kwargs),
        tuple(len(list(arg_refs(a))) for a in record.args),
    )
