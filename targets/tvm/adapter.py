"""The only file that knows where TVM keeps its names; TVM is imported when one of its functions is first called."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tensorsmith.ir.errors import EnvironmentLacksError
from tensorsmith.targets.tvm import older

ENTRY = "main"


@dataclass(frozen=True)
class Tvm:
    """TVM's modules.

    Attributes:
        root: `tvm`.
        tirx: expressions, statements and functions.
        analysis: where `verify_well_formed` of functions with blocks is.
    """

    root: Any
    tirx: Any
    analysis: Any


@cache
def tvm() -> Tvm:
    """The installed TVM.

    Raises:
        EnvironmentLacksError: TVM is not installed, or not in a version that is known here.
    """
    try:
        import tvm as root

        check_version(str(root.__version__))
        check_ffi_version(str(ffi().__version__))
        from tvm import tirx
        from tvm.s_tir import analysis
    except ImportError as error:
        raise EnvironmentLacksError(
            f"Apache TVM 0.27 is not installed ({error}): pip install 'tensorsmith[tvm]'"
        ) from error
    if older.numbers(str(root.__version__)) < older.NEWEST:
        older.rename(root)
    return Tvm(root, tirx, analysis)


def check_version(version: str) -> None:
    """Accept what TVM calls its version, or say why it is too old.

    Raises:
        EnvironmentLacksError: it is.
    """
    if older.numbers(version) < older.OLDEST:
        raise EnvironmentLacksError(
            f"Apache TVM {version} is not supported: it has buffers that are no variables, and expressions without "
            "types; pip install 'tensorsmith[tvm]'"
        )


def check_ffi_version(version: str) -> None:
    """Accept a version of TVM's package apache-tvm-ffi, or say what is wrong with it.

    Raises:
        EnvironmentLacksError: TVM dies with it where it writes a program, or it has no walks over trees.
    """
    found = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    if found < (0, 1, 14) or found == (0, 1, 15):
        why = "with it TVM dies when it writes a program" if found == (0, 1, 15) else "it has no walks over trees"
        raise EnvironmentLacksError(
            f"apache-tvm-ffi {version} is not supported: {why}; pip install apache-tvm-ffi==0.1.14.post1"
        )


def buffer(name: str, dtype: str, shape: Sequence[int]) -> Any:
    """A compact buffer variable, whose printed script reads back as an equal buffer."""
    return tvm().tirx.decl_buffer(tuple(shape), dtype, name=name, layout=None)


def function(parameters: Sequence[Any], body: Any) -> Any:
    """A PrimFunc named `main` that returns nothing, in the form that scheduling and lowering passes take."""
    names = tvm()
    func = names.tirx.PrimFunc(list(parameters), body, ret_type=names.root.ir.TupleType([]))
    return func.with_attr({"global_symbol": ENTRY, "s_tir": True})


def module(func: Any) -> Any:
    """An IRModule of one function."""
    return tvm().root.IRModule({ENTRY: func})


def passes_of(dialect: str) -> Any:
    """The module that has the constructors of a dialect's passes.

    Args:
        dialect: `tirx`, `s_tir`, `relax`, or `relax.backend`.
    """
    root = tvm().root
    return {
        "tirx": root.tirx.transform,
        "s_tir": root.s_tir.transform,
        "relax": root.relax.transform,
        "relax.backend": root.relax.backend,
    }[dialect]


def pass_instrument(before: Callable[[str, Any], None], after: Callable[[str, Any], None]) -> Any:
    """An instrument that is told the name of each pass and the module, before the pass and after it.

    It is not told the end of a pass that raises. Who keeps the module has the next pass copy what it changes.
    """

    class Instrument:
        def run_before_pass(self, module: Any, info: Any) -> None:
            before(str(info.name), module)

        def run_after_pass(self, module: Any, info: Any) -> None:
            after(str(info.name), module)

    return tvm().root.ir.instrument.pass_instrument(Instrument)()


def entry_function(module: Any) -> Any | None:
    """The function named `main` of a module, or None."""
    return next((func for name, func in module.functions_items() if name.name_hint == ENTRY), None)


def structural_hash(node: Any) -> int:
    """A hash that is equal for nodes that are equal but for the names of variables."""
    return int(ffi().structural_hash(node))


def in_sequence(made: Any) -> Any:
    """A sequence of one pass."""
    return tvm().root.transform.Sequential([made])


def function_pass(change: Callable[[Any], Any], name: str, opt_level: int = 0) -> Any:
    """A pass that makes of every PrimFunc what `change` gives for it."""

    def apply(func: Any, mod: Any, context: Any) -> Any:
        return change(func)

    return tvm().tirx.transform.prim_func_pass(apply, opt_level=opt_level, name=name)


def tir_functions(mod: Any) -> Any:
    """A module of the PrimFuncs of a module."""
    root = tvm().root
    return root.IRModule({name: f for name, f in mod.functions.items() if isinstance(f, tvm().tirx.PrimFunc)})


def is_module(node: Any) -> bool:
    """Whether a node is an IRModule."""
    return isinstance(node, tvm().root.IRModule)


def only_function(mod: Any) -> Any | None:
    """The PrimFunc of a module that holds nothing else, or None."""
    functions = list(mod.functions.values())
    return functions[0] if len(functions) == 1 and isinstance(functions[0], tvm().tirx.PrimFunc) else None


def ill_formed(func: Any) -> str | None:
    """Why TVM's own verifier rejects a function, in one line; None if it accepts it."""
    if is_well_formed(func):
        return None
    try:
        tvm().analysis.verify_well_formed(func, assert_mode=True)
    except (RuntimeError, TypeError, ValueError) as error:
        return first_line(error)
    return "it does not say why"


def is_well_formed(func: Any) -> bool:
    """Whether TVM's own verifier accepts the function."""
    return bool(tvm().analysis.verify_well_formed(func, assert_mode=False))


def script(func: Any) -> str:
    """The function as TVMScript; empty where TVM cannot print it."""
    try:
        return str(func.script())
    except (RuntimeError, TypeError, ValueError, AttributeError):
        return ""


def first_line(error: BaseException) -> str:
    """The first line of an error's message."""
    return str(error).partition("\n")[0]


def dtype_of(expression: Any) -> str:
    """The dtype of an expression as text, such as `int32` or `float32x4`."""
    type_ = expression.ty
    if type(type_).__name__ != "PrimType":
        return str(getattr(type_, "dtype", "handle"))
    known = _DTYPES.get(handle := type_.__chandle__())
    if known is None:
        if len(_DTYPES) >= _MOST_DTYPES:
            _DTYPES.clear()
        known = _DTYPES[handle] = (type_, str(type_.dtype))
    return known[1]


# Identity of a type to the type, which is so kept alive, and its text: TVM takes longer to tell.
_DTYPES: dict[int, tuple[Any, str]] = {}
_MOST_DTYPES = 1024


def element_dtype(variable: Any) -> str:
    """The dtype of a buffer's elements."""
    return str(variable.ty.dtype.dtype)


def is_buffer(variable: Any) -> bool:
    """Whether a variable is a buffer and not a scalar."""
    return type(variable.ty).__name__ == "BufferType"


def identity(node: Any) -> int:
    """What tells nodes apart: two Python objects of one node have the same."""
    return hash(node)


def intrinsic(call: Any) -> str:
    """The name of the operator that a call calls, without the dialect that it is in: `exp`, `likely`."""
    return str(getattr(call.op, "name", call.op)).rpartition(".")[2]


def llvm_intrinsic(number: int) -> str:
    """The name of LLVM's intrinsic of a number, without the types of its operands: `llvm.exp`."""
    name = str(tvm().root.get_global_func("target.llvm_get_intrinsic_name")(number))
    return ".".join(name.split(".")[:2])


def loads(expression: Any) -> bool:
    """Whether an expression reads a buffer."""
    found = False

    def visit(node: Any) -> None:
        nonlocal found
        found = found or type(node).__name__ in ("TensorLoad", "BufferLoad")

    ffi().structural_walk(expression, visit)
    return found


def data_of(expression: Any) -> Any | None:
    """The buffer whose memory an expression is, as a declared buffer's `data`; None for other memory."""
    is_data = type(expression).__name__ == "Call" and intrinsic(expression) == "buffer_data"
    return expression.args[0] if is_data else None


def same_function(one: Any, other: Any) -> bool:
    """Whether two functions are equal but for names and attributes."""
    if one.params.same_as(other.params):
        return one.body.same_as(other.body) or bool(ffi().structural_equal(one.body, other.body))
    kind = tvm().tirx.PrimFunc
    bare = [kind(func.params, func.body, func.ret_type) for func in (one, other)]
    return bool(ffi().structural_equal(*bare))


def buffer_layout(variable: Any) -> tuple[str, tuple[Any, ...], tuple[Any, ...], Any]:
    """The dtype of a buffer's elements, its shape, its strides (none if compact) and its offset, as expressions."""
    type_ = variable.ty
    return element_dtype(variable), tuple(type_.shape[:]), tuple(type_.strides[:]), type_.elem_offset


def assertion(condition: Any, message: str) -> Any:
    """A statement that stops the run with a RuntimeError unless the condition holds."""
    text = tvm().root.ir.StringImm
    # The constructor's first two parameters are named the other way round than it passes them on in 0.27.
    return tvm().tirx.AssertStmt(condition, text("RuntimeError"), [text(message)])


def json_of(func: Any) -> str:
    """The function as TVM's JSON."""
    return str(tvm().root.ir.save_json(func))


def load(source: Any, indices: Sequence[Any]) -> Any:
    """An element of a buffer; the constructor, unlike indexing, folds nothing and knows nothing of slices."""
    return tvm().tirx.BufferLoad(source, list(indices))


def map_variables(node: Any, new: Callable[[Any], Any]) -> Any:
    """The tree with what `new` gives for every variable and buffer, where it is defined and where it is used."""
    return ffi().structural_map(node, [(tvm().root.ir.Var, new)])


def variables(node: Any) -> dict[int, Any]:
    """Every variable and buffer in a tree, defined there or not, by identity."""
    found: dict[int, Any] = {}

    def see(variable: Any) -> None:
        found[identity(variable)] = variable

    ffi().structural_walk(node, [(tvm().root.ir.Var, see)])
    return found


@cache
def ffi() -> Any:
    """The package that TVM keeps its functions on trees in."""
    import tvm_ffi

    return tvm_ffi


def shape(variable: Any) -> tuple[int | None, ...]:
    """The sizes of a buffer; None for those that are not constant."""
    return tuple(int(size.value) if type(size).__name__ == "IntImm" else None for size in variable.ty.shape)


def is_number(expression: Any) -> bool:
    """Whether an expression is a number or a vector of numbers: no handle, no buffer, no text."""
    return type(getattr(expression, "ty", None)).__name__ == "PrimType" and dtype_of(expression) not in (
        "handle",
        "void",
    )


def buffer_like(variable: Any, name: str, dtype: str, sizes: Sequence[int]) -> Any:
    """A compact buffer in the same kind of memory as another."""
    return tvm().tirx.decl_buffer(tuple(sizes), dtype, name=name, layout=None, scope=str(variable.ty.storage_scope))


def with_parameters(func: Any, parameters: Sequence[Any]) -> Any:
    """The function with other parameters."""
    return tvm().tirx.PrimFunc(list(parameters), func.body, func.ret_type, func.attrs)


def read_script(text: str) -> Any:
    """The function that TVMScript describes.

    Raises:
        whatever TVM's parser raises.
    """
    return tvm().root.script.from_source(text)


def walk(node: Any, types: tuple[Any, ...], see: Callable[[Any], None]) -> None:
    """Show every node of some of TVM's types in a tree; one that is shared is shown as often as it occurs."""
    ffi().structural_walk(node, (types, see))


def equal(one: Any, other: Any) -> bool:
    """Whether two nodes are equal but for the names of variables."""
    return bool(ffi().structural_equal(one, other))


def number_type(dtype: str) -> Any:
    """TVM's type of numbers of a dtype, or of vectors of them."""
    return tvm().root.ir.PrimType(dtype)


def schedule(func: Any) -> Any:
    """A schedule of a function in block form, whose primitives raise `ScheduleError` where they do not apply."""
    return tvm().root.s_tir.Schedule(module(func), error_render_level="none", debug_mask="none")


def schedule_error() -> type[Exception]:
    """What a primitive of a schedule raises where it does not apply."""
    found: type[Exception] = tvm().root.s_tir.schedule.ScheduleError
    return found


def renamed(func: Any, names: Sequence[str]) -> Any:
    """The function as the entry, its buffers named anew and compact, as `buffer` makes them."""
    new = {
        identity(variable): buffer(name, element_dtype(variable), [size or 1 for size in shape(variable)])
        for variable, name in zip(func.params, names, strict=True)
    }
    body = map_variables(func.body, lambda variable: new.get(identity(variable), variable))
    made = function([new[identity(variable)] for variable in func.params], body)
    return made.with_attr("tirx.noalias", True) if func.attrs and "tirx.noalias" in func.attrs else made


def scheduled_operator(tensors: Sequence[Any]) -> Any:
    """The PrimFunc, in block form, that computes the last of some tensor expressions from the ones before."""
    return tvm().root.te.create_prim_func(list(tensors))


@cache
def relax() -> Any:
    """Relax, TVM's graphs of operators."""
    from tvm import relax as found

    return found


@cache
def topi() -> Any:
    """TVM's library of operators as tensor expressions."""
    from tvm import topi as found

    return found
