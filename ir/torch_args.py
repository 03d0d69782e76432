"""Arguments of operators: from torch's objects to frozen data and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from tensorsmith.ir.dtypes import TORCH_NAMES, DType
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, Atom, DTypeArg, Ref, SpecialFloat, Symbol, TensorType, tensor_type

TO_TORCH: dict[DType, torch.dtype] = {name: getattr(torch, full) for name, full in TORCH_NAMES.items()}
FROM_TORCH: dict[torch.dtype, DType] = {dtype: name for name, dtype in TO_TORCH.items()}

# The one device symbol: programs say "the device under test", the target says which that is.
DEVICE = Symbol("device")


def encode_arg(value: Any, ref: Callable[[Any], int]) -> Arg:
    """An argument as data; `ref` gives the id of anything that stands for a tensor.

    Raises:
        GraphError: the value is of a kind that a graph cannot hold (a complex number, a generator, a symbolic size).
    """
    if isinstance(value, (list, tuple)):
        return tuple(_encode_atom(item, ref) for item in value)
    return _encode_atom(value, ref)


def _encode_atom(value: Any, ref: Callable[[Any], int]) -> Atom:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else SpecialFloat(str(float(value)))
    if isinstance(value, torch.dtype):
        return DTypeArg(FROM_TORCH[value])
    if isinstance(value, torch.device):
        return DEVICE
    if isinstance(value, (torch.memory_format, torch.layout)):
        return Symbol(str(value).removeprefix("torch."))
    if isinstance(value, (torch.Tensor, torch.fx.Node)):
        return Ref(ref(value))
    raise GraphError(f"a graph cannot hold an argument of type {type(value).__name__}: {value!r}")


def decode_arg(arg: Arg, value: Callable[[int], Any], device: str) -> Any:
    """The torch object for an argument; `value` gives the tensor (or fx node) of an id."""
    if isinstance(arg, tuple):
        return [_decode_atom(item, value, device) for item in arg]
    return _decode_atom(arg, value, device)


def _decode_atom(atom: Atom, value: Callable[[int], Any], device: str) -> Any:
    if isinstance(atom, Ref):
        return value(atom.id)
    if atom is None or isinstance(atom, (int, str)):
        return atom
    if isinstance(atom, DTypeArg):
        return TO_TORCH[atom.name]
    if isinstance(atom, SpecialFloat):
        return float(atom.name)
    if isinstance(atom, Symbol):
        return torch.device(device) if atom == DEVICE else getattr(torch, atom.name)
    if isinstance(atom, float) and not math.isfinite(atom):
        raise GraphError(f"{atom} must be written as a SpecialFloat, since JSON cannot hold it")
    return atom


def type_of(tensor: torch.Tensor) -> TensorType:
    """The type of a tensor, real or fake.

    Raises:
        GraphError: a dtype or layout that a graph cannot hold, or a size that is not a number.
    """
    if tensor.layout is not torch.strided:
        raise GraphError(f"a graph holds strided tensors only, not {tensor.layout}")
    dtype = FROM_TORCH.get(tensor.dtype)
    if dtype is None:
        raise GraphError(f"a graph cannot hold dtype {tensor.dtype}")
    shape = tuple(tensor.shape)
    for n in shape:
        if not isinstance(n, int):
            raise GraphError(f"a graph cannot hold the data-dependent shape {shape}")
    return tensor_type(dtype, shape, tuple(tensor.stride()), int(tensor.storage_offset()))


def flatten_results(results: Any) -> list[torch.Tensor]:
    """The tensors that a call returned, in order; None and numbers are left out."""
    if isinstance(results, torch.Tensor):
        return [results]
    if isinstance(results, (list, tuple)):
        return [tensor for item in results for tensor in flatten_results(item)]
    return []
