"""ONNX files, as modules of PyTorch that onnx2torch makes of them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from tensorsmith.ir.cases import Case
from tensorsmith.ir.dtypes import DType
from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError
from tensorsmith.triage.inputs.api import Named
from tensorsmith.triage.inputs.calls import arguments_of, case_of_call

# ONNX's names of element types, and ours.
_DTYPES: dict[str, DType] = {
    "FLOAT": "f32", "DOUBLE": "f64", "FLOAT16": "f16", "BFLOAT16": "bf16", "BOOL": "bool",
    "INT8": "i8", "INT16": "i16", "INT32": "i32", "INT64": "i64", "UINT8": "u8",
}  # fmt: skip

# What stands for a dimension that the model leaves open.
OPEN_SIZE = 2


def load(named: Named) -> Case:
    """The test case of a model, on drawn inputs of the types that it declares, or on those of `--input`.

    The model becomes a module of PyTorch, so that it is torch.compile, or TVM, that is judged, and not what runs ONNX.

    Raises:
        InvalidInputError: it is no model, or has inputs that are no tensors.
        GraphError: it cannot become a graph.
        EnvironmentLacksError: the packages that read it are not installed.
    """
    onnx, convert = _packages()
    try:
        model = onnx.load(str(named.path))
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf and the checker raise their own kinds
        raise InvalidInputError(f"{named.path}: no ONNX model: {_first_line(error)}") from error
    try:
        module = convert(model).eval()
    except Exception as error:
        raise InvalidInputError(f"{named.path}: onnx2torch cannot convert it: {_first_line(error)}") from error
    return case_of_call(module, arguments_of(named.inputs or _declared(onnx, model, named)), named)


def _packages() -> tuple[Any, Callable[[Any], Any]]:
    try:
        onnx = importlib.import_module("onnx")
        with _torchvision_or_none():
            convert = importlib.import_module("onnx2torch").convert
    except ImportError as error:
        raise EnvironmentLacksError(
            f"ONNX files are read with onnx and onnx2torch, which are not installed ({error}): "
            "pip install 'tensorsmith[onnx]'"
        ) from error
    return onnx, convert


@contextmanager
def _torchvision_or_none() -> Iterator[None]:
    """Import onnx2torch without torchvision where that does not load: only NonMaxSuppression and RoiAlign use it.

    There is often one that was built for another torch, which fails when it is imported.
    """
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        whole, operators = ModuleType("torchvision"), ModuleType("torchvision.ops")
        whole.__dict__["ops"] = operators
        operators.__dict__["roi_align"] = None
        sys.modules |= {"torchvision": whole, "torchvision.ops": operators}
        try:
            yield
        finally:
            del sys.modules["torchvision"], sys.modules["torchvision.ops"]
        return
    yield


def _declared(onnx: Any, model: Any, named: Named) -> tuple[str, ...]:
    """The inputs of a model that are no weights, as `--input` would give them."""
    weights = {one.name for one in model.graph.initializer}
    return tuple(_type(onnx, one, named) for one in model.graph.input if one.name not in weights)


def _type(onnx: Any, value: Any, named: Named) -> str:
    if not value.type.HasField("tensor_type"):
        raise InvalidInputError(f"{named.path}: input `{value.name}` is no tensor")
    tensor = value.type.tensor_type
    name = onnx.TensorProto.DataType.Name(tensor.elem_type)
    dtype = _DTYPES.get(name)
    if dtype is None:
        raise InvalidInputError(f"{named.path}: input `{value.name}` has elements of {name}, which no program has")
    if not tensor.HasField("shape"):
        raise InvalidInputError(f"{named.path}: input `{value.name}` has no shape; give an --input for each input")
    sizes = [dim.dim_value if dim.HasField("dim_value") else OPEN_SIZE for dim in tensor.shape.dim]
    return f"{dtype}[{', '.join(map(str, sizes))}]"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
