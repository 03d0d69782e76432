"""The source of an evaluator of TIR that knows no more constructs than given programs have.

Integers are Python's and must fit in their dtype, floats are NumPy's scalars, vectors are arrays of objects. Loops of
every kind turn in order.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from tensorsmith.targets.tvm import adapter, tree

# Of each expression, its value as Python; `n` is the node.
_EXPRESSIONS: dict[str, str] = {
    "Var": "variables[hash(n)]",
    "IntImm": 'bool(n.value) if dtype_of(n) == "bool" else int(n.value)',
    "FloatImm": "np.dtype(dtype_of(n)).type(n.value)",
    "Add": "fit(value(n.a) + value(n.b), n)",
    "Sub": "fit(value(n.a) - value(n.b), n)",
    "Mul": "fit(value(n.a) * value(n.b), n)",
    "Div": "fit(each(quotient, value(n.a), value(n.b)), n)",
    "Mod": "fit(each(remainder, value(n.a), value(n.b)), n)",
    "FloorDiv": "fit(value(n.a) // value(n.b), n)",
    "FloorMod": "fit(value(n.a) % value(n.b), n)",
    "Min": "each(lambda a, b: a if a < b else b, value(n.a), value(n.b))",
    "Max": "each(lambda a, b: a if a > b else b, value(n.a), value(n.b))",
    "EQ": "each(lambda a, b: bool(a == b), value(n.a), value(n.b))",
    "NE": "each(lambda a, b: bool(a != b), value(n.a), value(n.b))",
    "LT": "each(lambda a, b: bool(a < b), value(n.a), value(n.b))",
    "LE": "each(lambda a, b: bool(a <= b), value(n.a), value(n.b))",
    "GT": "each(lambda a, b: bool(a > b), value(n.a), value(n.b))",
    "GE": "each(lambda a, b: bool(a >= b), value(n.a), value(n.b))",
    "And": "value(n.a) & value(n.b)",
    "Or": "value(n.a) | value(n.b)",
    "Not": "each(lambda a: not a, value(n.a))",
    "LShift": "shifted(value(n.a) << value(n.b), n)",
    "RShift": "value(n.a) >> value(n.b)",
    "BitwiseAnd": "value(n.a) & value(n.b)",
    "BitwiseOr": "value(n.a) | value(n.b)",
    "BitwiseXor": "value(n.a) ^ value(n.b)",
    "BitwiseNot": "each(lambda a: cast(~a, dtype_of(n)), value(n.a))",
    "Select": "each(lambda c, a, b: a if c else b, value(n.condition), value(n.true_value), value(n.false_value))",
    "Cast": "each(lambda a: cast(a, dtype_of(n)), value(n.value))",
    "Let": "variables.update({hash(n.var): value(n.value)}) or value(n.body)",
    "Ramp": "vector([fit(value(n.base) + k * value(n.stride), n) for k in range(int(n.lanes))])",
    "Broadcast": "vector([value(n.value)] * int(n.lanes))",
    "TensorLoad": "loaded(memory[hash(n.source)][place(n.source, n.indices)])",
}
# Of calls of operators: `x` are the values of the arguments.
_CALLS: dict[str, str] = {
    "likely": "x[0]",
    "shift_left": "shifted(x[0] << x[1], n)",
    "shift_right": "x[0] >> x[1]",
    "bitwise_and": "x[0] & x[1]",
    "bitwise_or": "x[0] | x[1]",
    "bitwise_xor": "x[0] ^ x[1]",
    "bitwise_not": "each(lambda a: cast(~a, dtype_of(n)), x[0])",
    "popcount": "each(lambda a: bin(bits(a, n)).count('1'), x[0])",
    "clz": "each(lambda a: int(dtype_of(n.args[0]).lstrip('uint')) - bits(a, n).bit_length(), x[0])",
    "sigmoid": "each(lambda a: 1 / (1 + np.exp(-a)), x[0])",
    "rsqrt": "each(lambda a: 1 / np.sqrt(a), x[0])",
    "erf": "each(lambda a: type(a)(math.erf(a)), x[0])",
    "isnan": "each(lambda a: bool(np.isnan(a)), x[0])",
    "round": "each(np.rint, x[0])",
    "nearbyint": "each(np.rint, x[0])",
    "atan": "each(np.arctan, x[0])",
    "asin": "each(np.arcsin, x[0])",
    "acos": "each(np.arccos, x[0])",
    "atan2": "each(np.arctan2, *x)",
    "pow": "each(np.power, *x)",
    **{
        name: f"each(np.{name}, *x)"
        for name in (
            "sqrt", "floor", "ceil", "trunc", "fabs", "copysign", "exp", "exp2", "log", "log2", "log10", "log1p", "sin",
            "cos", "tan", "tanh", "sinh", "cosh", "hypot",
        )
    },
}  # fmt: skip
# Of each statement, what runs it.
_STATEMENTS: dict[str, str] = {
    "SeqStmt": "for one in n.seq:\n    run(one)",
    "Evaluate": "value(n.value)",
    "Bind": "variables[hash(n.var)] = value(n.value)",
    "AttrStmt": "run(n.body)",
    "BufferStore": "memory[hash(n.buffer)][place(n.buffer, n.indices)] = value(n.value)",
    "AllocBuffer": "memory[hash(n.buffer)] = fresh(n.buffer)",
    "DeclBuffer": "memory[hash(n.buffer)] = view(memory[hash(n.data.args[0])], *form(n.buffer))",
    "IfThenElse": ("if value(n.condition):\n    run(n.then_case)\nelif n.else_case is not None:\n    run(n.else_case)"),
    "While": "while value(n.condition):\n    run(n.body)",
    "AssertStmt": "assert value(n.condition), n",
    "For": (
        "start, extent = value(n.min), value(n.extent)\n"
        'assert extent >= 0, f"a loop of {extent} turns: {n}"\n'
        "for turn in range(start, start + extent, 1 if n.step is None else value(n.step)):\n"
        "    variables[hash(n.loop_var)] = turn\n"
        "    run(n.body)"
    ),
    "SBlockRealize": (
        "for iterator, bound in zip(n.block.iter_vars, n.iter_values):\n"
        "    variables[hash(iterator.var)] = value(bound)\n"
        "if value(n.predicate):\n"
        "    for buffer in n.block.alloc_buffers:\n"
        "        memory[hash(buffer)] = fresh(buffer)\n"
        "    reduced = [one for one in n.block.iter_vars if one.iter_type == tvm.tirx.IterVar.CommReduce]\n"
        "    first = all(variables[hash(one.var)] == value(one.dom.min) for one in reduced)\n"
        "    if n.block.init is not None and first:\n"
        "        run(n.block.init)\n"
        "    run(n.block.body)"
    ),
}
_HELPERS: dict[str, str] = {
    "dtype_of": '''def dtype_of(n):
    """The dtype of an expression, or of one lane of a vector."""
    return str(n.ty.dtype).partition("x")[0]''',
    "vector": '''def vector(lanes):
    """A vector of Python's integers, or of floats."""
    made = np.empty(len(lanes), object)
    made[:] = lanes
    return made''',
    "each": '''def each(function, *operands):
    """The function's value, of vectors lane by lane."""
    lanes = max((len(one) for one in operands if isinstance(one, np.ndarray)), default=None)
    if lanes is None:
        return function(*operands)
    rows = [one if isinstance(one, np.ndarray) else [one] * lanes for one in operands]
    return vector([function(*row) for row in zip(*rows)])''',
    "limits": '''def limits(dtype):
    """The least and the greatest integer of a dtype."""
    if dtype == "bool":
        return 0, 1
    bits = int(dtype.lstrip("uint"))
    return (0, 2**bits - 1) if dtype.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)''',
    "fit": '''def fit(result, n):
    """The result of arithmetic: small unsigned integers wrap, others must fit in the dtype of the node."""
    dtype = dtype_of(n)
    if dtype.startswith(("float", "bfloat")):
        return result
    if dtype in ("uint8", "uint16"):
        return result % 2 ** int(dtype[4:])
    low, high = limits(dtype)
    for one in result if isinstance(result, np.ndarray) else [result]:
        assert low <= one <= high, f"{one} overflows {dtype}: {n}"
    return result''',
    "shifted": '''def shifted(result, n):
    """The result of a shift to the left: of unsigned integers the bits that go over the end are dropped."""
    dtype = dtype_of(n)
    return result % 2 ** int(dtype[4:]) if dtype.startswith("u") else fit(result, n)''',
    "cast": '''def cast(x, dtype):
    """A number converted to a dtype."""
    if dtype.startswith(("float", "bfloat")):
        return np.asarray(x).astype(dtype)[()]
    low, high = limits(dtype)
    if isinstance(x, np.generic):
        assert dtype == "bool" or low <= float(x) <= high, f"{x} does not fit in {dtype}"
    return bool(x != 0) if dtype == "bool" else (int(x) - low) % (high - low + 1) + low''',
    "bits": '''def bits(x, n):
    """The bits of the argument of a call, as an integer that is not negative."""
    return x % (limits("u" + dtype_of(n.args[0]).lstrip("u"))[1] + 1)''',
    "quotient": '''def quotient(a, b):
    """Division that rounds integers toward zero."""
    if isinstance(a, np.generic):
        return a / b
    return abs(a) // abs(b) if (a < 0) == (b < 0) else -(abs(a) // abs(b))''',
    "remainder": '''def remainder(a, b):
    """What a division that rounds toward zero leaves; it has the sign of `a`."""
    return abs(a) % abs(b) * (1 if a >= 0 else -1)''',
    "loaded": '''def loaded(elements):
    """Elements as numbers: Python's if they are integers."""
    if elements.dtype.kind not in "iub":
        return vector(list(elements)) if elements.ndim else elements
    return vector(elements.tolist()) if elements.ndim else elements.item()''',
    "place": '''def place(buffer, indices):
    """Where the elements are that indices name."""
    found = tuple(np.asarray(value(index)).astype(int) for index in indices)
    for index, size in zip(found, memory[hash(buffer)].shape):
        assert ((index >= 0) & (index < size)).all(), f"{buffer.name}{list(indices)} is out of bounds at {index}"
    return found''',
    "form": '''def form(buffer):
    """The shape of a buffer and the dtype of its elements."""
    return tuple(int(size) for size in buffer.ty.shape), str(buffer.ty.dtype.dtype)''',
    "fresh": '''def fresh(buffer):
    """Memory for a buffer, of which nothing is to be read before it is written."""
    return np.full(form(buffer)[0], 99, form(buffer)[1])''',
    "view": '''def view(array, shape, dtype):
    """The memory of an array as one of another shape and dtype."""
    return array.reshape(-1).view(dtype)[: int(np.prod(shape))].reshape(shape)''',
}
_CALL = '''def call(n):
    """The value of a call."""
    name = n.op.name.rpartition(".")[2]
{chooses}    x = [value(argument) for argument in n.args]
{lines}    raise NotImplementedError(name)'''
_CHOOSES = """    if name == "if_then_else" and not isinstance(value(n.args[0]), np.ndarray):
        return value(n.args[1] if value(n.args[0]) else n.args[2])
"""
_EVALUATE = '''def evaluate(mod):
    """What the buffers hold after a run of the program, in the strictest reading of TIR."""
    func = mod["main"]
    variables.clear()
    memory.clear()
    arrays = {{}}
    for parameter, (name, given) in zip(func.params, INPUTS.items()):
        if isinstance(given, np.ndarray):
            arrays[name] = given.copy()
            memory[hash(parameter)] = view(arrays[name], *form(parameter))
{scalars}    with np.errstate(all="ignore"):
        run(func.body)
    return arrays'''
_SCALARS = """        else:
            variables[hash(parameter)] = cast(given, dtype_of(parameter))
"""


def evaluator_source(funcs: Sequence[Any]) -> str | None:
    """Functions, `evaluate` last, that run these PrimFuncs; None if they have a construct that is unknown here.

    They need `np`, `math`, and `INPUTS`: an array or a number for each parameter, by name.
    """
    nodes = [node for func in funcs for _, node in tree.walk(func.body)]
    kinds = {tree.kind_of(node) for node in nodes} | {"IntImm"}
    calls = {adapter.intrinsic(node) for node in nodes if tree.kind_of(node) == "Call" and adapter.is_number(node)}
    known = {*_EXPRESSIONS, *_STATEMENTS, "Call"}
    if kinds - known - {"BufferVar", "SBlock"} or calls - {*_CALLS, "if_then_else"} or _unviewable(nodes):
        return None
    parts: list[str] = []
    if calls:
        ordered = sorted(calls - {"if_then_else"})
        lines = "".join(f'    if name == "{name}":\n        return {_CALLS[name]}\n' for name in ordered)
        parts.append(_CALL.format(chooses=_CHOOSES * ("if_then_else" in calls), lines=lines))
    expressions = [
        f'    if kind == "{kind}":\n        return {text}' for kind, text in _EXPRESSIONS.items() if kind in kinds
    ]
    expressions += ['    if kind == "Call":\n        return call(n)'] * bool(calls)
    parts.append(_dispatch("value", "The value of an expression.", expressions))
    statements = [
        f'    {"if" if not place else "elif"} kind == "{kind}":\n        '
        + _STATEMENTS[kind].replace("\n", "\n        ")
        for place, kind in enumerate(kind for kind in _STATEMENTS if kind in kinds)
    ]
    statements.append("    else:")
    parts.append(_dispatch("run", "Run a statement.", statements))
    scalars = any(not adapter.is_buffer(parameter) for func in funcs for parameter in func.params)
    parts.append(_EVALUATE.format(scalars=_SCALARS if scalars else ""))
    return "\n\n\n".join(["variables, memory = {}, {}", *_needed("\n".join(parts)), *parts])


def _dispatch(name: str, what: str, lines: list[str]) -> str:
    last = (
        "        raise NotImplementedError(kind)"
        if lines[-1].endswith("else:")
        else "    raise NotImplementedError(kind)"
    )
    return "\n".join([f"def {name}(n):", f'    """{what}"""', "    kind = type(n).__name__", *lines, last])


def _needed(text: str) -> list[str]:
    """The helpers that a text calls, and those that these call, in their order."""
    found: set[str] = set()
    while True:
        every = "\n".join([text, *(_HELPERS[name] for name in found)])
        used = {node.id for node in ast.walk(ast.parse(every)) if isinstance(node, ast.Name)}
        more = used & _HELPERS.keys()
        if more == found:
            return [source for name, source in _HELPERS.items() if name in found]
        found = more


def _unviewable(nodes: list[Any]) -> bool:
    """Whether a buffer is declared on memory that is no buffer's, is a part of another, or has vectors for elements."""
    for node in nodes:
        kind = tree.kind_of(node)
        if kind == "DeclBuffer" and (node.data is None or adapter.data_of(node.data) is None):
            return True
        if kind in ("DeclBuffer", "AllocBuffer") and "x" in adapter.element_dtype(node.buffer):
            return True
        if kind == "SBlock" and (
            node.match_buffers or any("x" in adapter.element_dtype(b) for b in node.alloc_buffers)
        ):
            return True
    return False
