"""The libraries that have the code of the compilers we know."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError

# By name: the Python package, the library within it, and the extra that installs it.
LIBRARIES = {
    "tvm": ("tvm", "lib/libtvm_compiler.so", "tvm"),
    "onnxruntime": ("onnxruntime", "capi/onnxruntime_pybind11_state*.so", "onnx"),
}


def find_library(name: str) -> Path:
    """The file of a library, by the name of its compiler, which is not imported, or by its path.

    Raises:
        EnvironmentLacksError: the compiler is not installed, or its library is not where it should be.
        InvalidInputError: no compiler of that name is known, and there is no such file.
    """
    if name not in LIBRARIES:
        if Path(name).is_file():
            return Path(name)
        raise InvalidInputError(f"{name}: no such library: a path, or one of {', '.join(LIBRARIES)}")
    package, pattern, extra = LIBRARIES[name]
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        for path in sorted(Path(folder).glob(pattern)):
            return path
    raise EnvironmentLacksError(f"{package}/{pattern} is not installed: pip install 'tensorsmith[{extra}]'")
