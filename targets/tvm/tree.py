"""The tree of a function: the children of every node, a node with other children, paths to nodes.

Children are the expressions and statements below a node. Buffers, variables that a node defines, annotations and the
regions of blocks are no children. Nodes of other types (a variable, a constant, an operator) are leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from tensorsmith.targets.tvm import adapter, blocks

Path = tuple[int, ...]


class Role(StrEnum):
    """What a child is for its parent."""

    STATEMENT = "statement"
    VALUE = "value"
    INDEX = "index"
    CONDITION = "condition"
    BOUND = "bound"  # of a loop: its start, extent or step
    BINDING = "binding"  # the value of a block's variable, or whether the block runs
    ATTRIBUTE = "attribute"  # the value of an AttrStmt
    HANDLE = "handle"  # a buffer or its memory, and what is no value at all


class Child(NamedTuple):
    """A node below another."""

    node: Any
    role: Role


# Of each kind of node: its fields with children, what these are for. A field may hold one node, none, or many.
_FIELDS: dict[str, tuple[tuple[str, Role], ...]] = {
    **dict.fromkeys(
        ("Add", "Sub", "Mul", "Div", "Mod", "FloorDiv", "FloorMod", "Min", "Max", "EQ", "NE", "LT", "LE", "GT", "GE",
         "And", "Or", "LShift", "RShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"),
        (("a", Role.VALUE), ("b", Role.VALUE)),
    ),
    "Not": (("a", Role.VALUE),),
    "BitwiseNot": (("a", Role.VALUE),),
    "Cast": (("value", Role.VALUE),),
    "Select": (("condition", Role.CONDITION), ("true_value", Role.VALUE), ("false_value", Role.VALUE)),
    "Let": (("value", Role.VALUE), ("body", Role.VALUE)),
    "Call": (("args", Role.VALUE),),
    "Ramp": (("base", Role.VALUE), ("stride", Role.VALUE)),
    "Broadcast": (("value", Role.VALUE),),
    "Shuffle": (("vectors", Role.VALUE),),
    "TensorLoad": (("indices", Role.INDEX),),
    "BufferStore": (("value", Role.VALUE), ("indices", Role.INDEX)),
    "Bind": (("value", Role.VALUE),),
    "Evaluate": (("value", Role.VALUE),),
    "Return": (("value", Role.VALUE),),
    "AssertStmt": (("condition", Role.CONDITION),),
    "AttrStmt": (("value", Role.ATTRIBUTE), ("body", Role.STATEMENT)),
    "DeclBuffer": (("data", Role.HANDLE),),
    "SeqStmt": (("seq", Role.STATEMENT),),
    "IfThenElse": (("condition", Role.CONDITION), ("then_case", Role.STATEMENT), ("else_case", Role.STATEMENT)),
    "While": (("condition", Role.CONDITION), ("body", Role.STATEMENT)),
    "For": (("min", Role.BOUND), ("extent", Role.BOUND), ("step", Role.BOUND), ("body", Role.STATEMENT)),
    "SBlockRealize": (("iter_values", Role.BINDING), ("predicate", Role.BINDING), ("block", Role.STATEMENT)),
    "SBlock": (("init", Role.STATEMENT), ("body", Role.STATEMENT)),
}  # fmt: skip
_MANY = frozenset({"args", "vectors", "indices", "seq", "iter_values"})
STATEMENTS = frozenset({
    "AllocBuffer", "AssertStmt", "AttrStmt", "Bind", "Break", "BufferStore", "Continue", "DeclBuffer", "Evaluate",
    "For", "IfThenElse", "Return", "SBlock", "SBlockRealize", "SeqStmt", "While",
})  # fmt: skip


def kind_of(node: Any) -> str:
    """The name of a node's type: `Add`, `For`."""
    return type(node).__name__


def is_statement(node: Any) -> bool:
    """Whether a node is a statement and not an expression."""
    return type(node).__name__ in STATEMENTS


def children(node: Any) -> tuple[Child, ...]:
    """The expressions and statements right below a node, in the order of evaluation."""
    fields = _FIELDS.get(type(node).__name__)
    if fields is None:
        return ()
    found: list[Child] = []
    for field, role in fields:
        value = getattr(node, field)
        if field in _MANY:
            found += [Child(one, role) for one in value[:]]
        elif value is not None:
            found.append(Child(value, role))
    return tuple(_called(node, found)) if type(node).__name__ == "Call" else tuple(found)


def _called(call: Any, arguments: list[Child]) -> Iterator[Child]:
    chooses = adapter.intrinsic(call) == "if_then_else"
    for position, child in enumerate(arguments):
        if not _is_scalar(child.node):
            yield Child(child.node, Role.HANDLE)
        else:
            yield Child(child.node, Role.CONDITION if chooses and position == 0 else child.role)


def _is_scalar(node: Any) -> bool:
    return type(getattr(node, "ty", None)).__name__ == "PrimType"


def rebuild(node: Any, new: Sequence[Any]) -> Any:
    """A node like `node` with other children; the node itself where they are the same.

    Args:
        node: any node.
        new: a node for each of `children(node)`, of the same types; for a SeqStmt as many as wanted, at least one.

    Raises:
        TypeError, ValueError, tvm.error.InternalError: TVM does not put these together.
    """
    old = children(node)
    if len(old) == len(new) and all(one.same_as(child.node) for one, child in zip(new, old, strict=True)):
        return node
    kind = type(node).__name__
    if kind == "SeqStmt":
        return _sequence(new)
    if len(old) != len(new):
        raise ValueError(f"{len(new)} children for a {kind} with {len(old)}")
    return _MAKE[kind](node, dict(_by_field(node, kind, list(new))))


def _by_field(node: Any, kind: str, new: list[Any]) -> Iterator[tuple[str, Any]]:
    position = 0
    for field, _ in _FIELDS[kind]:
        value = getattr(node, field)
        if field in _MANY:
            yield field, new[position : position + len(value)]
            position += len(value)
        elif value is None:
            yield field, None
        else:
            yield field, new[position]
            position += 1


def _sequence(statements: Sequence[Any]) -> Any:
    return statements[0] if len(statements) == 1 else adapter.tvm().tirx.SeqStmt(list(statements))


def _call(node: Any, new: Mapping[str, Any]) -> Any:
    return adapter.tvm().root.ir.Call(node.op, new["args"], node.attrs, list(node.ty_args), ret_ty=node.ty)


def _loop(node: Any, new: Mapping[str, Any]) -> Any:
    make = adapter.tvm().tirx.For
    kept = (node.thread_binding, dict(node.annotations), new["step"])
    return make(node.loop_var, new["min"], new["extent"], node.kind, new["body"], *kept)


def _block(node: Any, new: Mapping[str, Any]) -> Any:
    return blocks.block(
        node.name_hint, list(node.iter_vars), new["body"], new["init"], list(node.alloc_buffers),
        match_buffers=list(node.match_buffers), annotations=dict(node.annotations),
    )  # fmt: skip


def _simple(kind: str) -> Callable[[Any, Mapping[str, Any]], Any]:
    return lambda node, new: getattr(adapter.tvm().tirx, kind)(*new.values())


_MAKE: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    **{kind: _simple(kind) for kind in _FIELDS},
    "Cast": lambda node, new: adapter.tvm().tirx.Cast(node.ty, new["value"]),
    "Let": lambda node, new: adapter.tvm().tirx.Let(node.var, new["value"], new["body"]),
    "Call": _call,
    "Ramp": lambda node, new: adapter.tvm().tirx.Ramp(new["base"], new["stride"], node.lanes),
    "Broadcast": lambda node, new: adapter.tvm().tirx.Broadcast(new["value"], node.lanes),
    "Shuffle": lambda node, new: adapter.tvm().tirx.Shuffle(new["vectors"], list(node.indices)),
    "TensorLoad": lambda node, new: adapter.load(node.source, new["indices"]),
    "BufferStore": lambda node, new: adapter.tvm().tirx.BufferStore(node.buffer, new["value"], new["indices"]),
    "Bind": lambda node, new: adapter.tvm().tirx.Bind(node.var, new["value"]),
    "AssertStmt": lambda node, new: adapter.tvm().tirx.AssertStmt(
        new["condition"], node.error_kind, list(node.message_parts)
    ),
    "AttrStmt": lambda node, new: adapter.tvm().tirx.AttrStmt(node.node, node.attr_key, new["value"], new["body"]),
    "DeclBuffer": lambda node, new: adapter.tvm().tirx.DeclBuffer(node.buffer, data=new["data"]),
    "For": _loop,
    "SBlockRealize": lambda node, new: blocks.realize(new["iter_values"], new["predicate"], new["block"]),
    "SBlock": _block,
}


def size(node: Any) -> int:
    """The number of nodes in a tree."""
    return 1 + sum(size(child.node) for child in children(node))


def walk(node: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every node of a tree with its path, parents first."""
    yield path, node
    for position, child in enumerate(children(node)):
        yield from walk(child.node, (*path, position))


def node_at(node: Any, path: Path) -> Any:
    """The node at a path.

    Raises:
        IndexError: there is none.
    """
    for position in path:
        node = children(node)[position].node
    return node


def replace_in(node: Any, path: Path, new: Any) -> Any:
    """The tree with another node at a path.

    Raises:
        IndexError: nothing is at the path.
        TypeError, ValueError, tvm.error.InternalError: the new node does not fit there.
    """
    if not path:
        return new
    below = [child.node for child in children(node)]
    below[path[0]] = replace_in(below[path[0]], path[1:], new)
    return rebuild(node, below)


def replace_at(func: Any, path: Path, new: Any) -> Any:
    """The PrimFunc with another node at a path of its body; errors as those of `replace_in`."""
    return func.with_body(replace_in(func.body, path, new))


def substitute(node: Any, new: Mapping[int, Any]) -> Any:
    """The tree with other variables or buffers, where they are used and where they are defined.

    Args:
        node: a statement, an expression or a function.
        new: identity of a variable (`adapter.identity`) to what stands for it.
    """
    return adapter.map_variables(node, lambda variable: new.get(adapter.identity(variable), variable))
