"""The builder: the only way to make a graph, so that no graph is ill-typed or writes where the result is undefined.

Every call is run on fake tensors (torch's FakeTensorMode), which execute the operator's meta kernel; types, and which
values share memory, are read off the results.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, Constant, Graph, Input, Node, TensorType, arg_refs, map_refs
from tensorsmith.ir.operators import changes_metadata, is_pointwise, operator, parameters, written_arguments
from tensorsmith.ir.overlap import overlap, overlaps_itself
from tensorsmith.ir.recipe import Values
from tensorsmith.ir.torch_args import TO_TORCH, decode_arg, flatten_results, type_of

# A rejected call is an answer here and not an event; torch would log each one with its traceback.
logging.getLogger("torch._subclasses.fake_tensor").setLevel(logging.CRITICAL)


class GraphBuilder:
    """Builds a graph value by value. Ids count up from 0 and are never reused."""

    def __init__(self) -> None:
        self._fakes: dict[int, torch.Tensor] = {}
        self._types: dict[int, TensorType] = {}
        self._storages: dict[int, int] = {}
        # Constants, and inputs that have elements stored twice.
        self._read_only: set[int] = set()
        self.inputs: list[Input] = []
        self.constants: list[Constant] = []
        self.nodes: list[Node] = []

    def input(self, type_: TensorType, shares: int | None = None) -> int:
        """Add an input and return its id. With `shares`, it is a view of the storage of that earlier input.

        Raises:
            GraphError: the input does not fit into the storage that it is to share, or is of another dtype.
        """
        # Name the input that has the storage, so that removing a view in between breaks nothing.
        shares = next((i.shares for i in self.inputs if i.id == shares and i.shares is not None), shares)
        id_ = self._add_source(type_, shares)
        if overlaps_itself(type_):
            self._read_only.add(self._storages[id_])
        self.inputs.append(Input(id_, type_, shares))
        return id_

    def constant(self, type_: TensorType, values: Values) -> int:
        """Add a constant that the program closes over and return its id."""
        id_ = self._add_source(type_, None)
        self._read_only.add(self._storages[id_])
        self.constants.append(Constant(id_, type_, values))
        return id_

    def call(self, op: str, args: Sequence[Arg], kwargs: Sequence[tuple[str, Arg]] = ()) -> tuple[int, ...]:
        """Add a call of an operator and return the ids of its results.

        Raises:
            GraphError: the operator rejects the arguments, returns no tensor, changes an argument's shape in place, or
                writes to memory in a way that leaves the result undefined.
            InvalidInputError: there is no such operator.
        """
        if changes_metadata(op):
            raise GraphError(f"{op} changes the shape of its argument in place, which a graph cannot say")
        written = self._check_writes(op, args, kwargs)
        value = self._fakes.__getitem__
        try:
            returned: Any = self._run(
                operator(op),
                [decode_arg(a, value, "cpu") for a in args],
                {name: decode_arg(a, value, "cpu") for name, a in kwargs},
            )
        except Exception as error:
            # Meta kernels reject with every kind of exception, AssertionError and IndexError included.
            self._restore(written)
            reason = str(error).strip().split("\n")[0]
            raise GraphError(f"{op} rejects its arguments: {reason}") from error
        results = flatten_results(returned)
        if not results:
            raise GraphError(f"{op} returns no tensor")
        if isinstance(returned, (list, tuple)) and any(
            item is not result for item, result in zip(returned, results, strict=False)
        ):
            raise GraphError(f"{op} returns None, a number or a list before a tensor, which a graph cannot say")
        types = tuple(type_of(result) for result in results)
        changed = [id_ for id_ in written if type_of(self._fakes[id_]) != self._types[id_]]
        if changed:
            self._restore(changed)
            raise GraphError(f"{op} changed the type of %{changed[0]}")
        for result, type_ in zip(results, types, strict=True):
            if overlaps_itself(type_) and result.untyped_storage()._cdata not in self._storages.values():
                # Some operators give new memory the strides of an overlapping operand, and then write to it.
                raise GraphError(f"{op} makes a tensor with elements stored twice")
        ids = tuple(self._define(result, type_) for result, type_ in zip(results, types, strict=True))
        self.nodes.append(Node(op, tuple(args), ids, types, tuple(kwargs)))
        return ids

    def adopt(self, node: Node, ids: Mapping[int, int]) -> dict[int, int]:
        """Add a call that another builder accepted on values of the very same types; calls cannot follow but likewise.

        Args:
            node: the call, with the ids of that builder.
            ids: the ids of this builder for those that the call reads.

        Returns:
            The new ids of its results, by their old ones.
        """
        first = len(self._types)
        new = {old: first + place for place, old in enumerate(node.results)}
        self._types.update(zip(new.values(), node.types, strict=True))
        self.nodes.append(
            Node(
                node.op,
                tuple(map_refs(arg, ids) for arg in node.args),
                tuple(new.values()),
                node.types,
                tuple((name, map_refs(arg, ids)) for name, arg in node.kwargs),
            )
        )
        return new

    def build(self, outputs: Iterable[int]) -> Graph:
        """The graph so far, returning the given values.

        Raises:
            GraphError: there are no outputs, or one is not a value of this graph.
        """
        returned = tuple(outputs)
        if not returned:
            raise GraphError("a graph must return at least one value")
        for id_ in returned:
            if id_ not in self._types:
                raise GraphError(f"output %{id_} is not a value of the graph")
        return Graph(tuple(self.inputs), tuple(self.nodes), returned, tuple(self.constants))

    @cached_property
    def _mode(self) -> FakeTensorMode:
        return FakeTensorMode(allow_non_fake_inputs=False)

    def _memory(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """A new contiguous tensor."""
        found: torch.Tensor = self._run(torch.empty, (shape,), {"dtype": dtype})
        return found

    def _run(self, call: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """What a torch function returns for tensors of this builder."""
        with self._mode, torch.no_grad():
            return call(*args, **kwargs)

    @property
    def types(self) -> dict[int, TensorType]:
        """The type of every value so far, by id, in order of definition; not to be changed."""
        return self._types

    def storage(self, id_: int) -> int:
        """A number that is the same for two values exactly when they share memory."""
        return self._storages[id_]

    def writable(self, id_: int) -> bool:
        """Whether an in-place operator may write to the value: no part of a constant, nor of an input or a value with
        elements stored twice.
        """
        return self._storages[id_] not in self._read_only and not overlaps_itself(self._types[id_])

    def may_read(self, op: str, value: int, target: int) -> bool:
        """Whether an operator that writes to a target may read a value: both are apart, or it goes over both alike."""
        return self.apart(value, target) or (self._types[value] == self._types[target] and is_pointwise(op))

    def apart(self, first: int, second: int) -> bool:
        """Whether two values have no memory in common."""
        if self._storages[first] != self._storages[second]:
            return True
        # Offsets count elements, so between dtypes they cannot be compared.
        same_dtype = self._types[first].dtype == self._types[second].dtype
        return same_dtype and not overlap(self._types[first], self._types[second])

    def _add_source(self, type_: TensorType, shares: int | None) -> int:
        if len(type_.strides) != len(type_.shape) or min((*type_.shape, *type_.stride, type_.offset)) < 0:
            raise GraphError(f"no tensor can have the type {type_}")
        if shares is None:
            plain = not type_.stride and not type_.offset
            try:
                flat = self._memory(type_.shape if plain else (type_.storage_size,), TO_TORCH[type_.dtype])
            except (RuntimeError, OverflowError, TypeError) as error:
                raise GraphError(f"no tensor can have the type {type_}") from error
            if plain:
                return self._define(flat, type_)
        else:
            if shares not in {i.id for i in self.inputs}:
                raise GraphError(f"%{shares} is not an input, so no input can share its storage")
            if self._types[shares].dtype != type_.dtype:
                raise GraphError(f"an input of dtype {type_.dtype} cannot share the storage of %{shares}")
            flat = self._fakes[shares]
            if type_.storage_size > self._types[shares].storage_size:
                raise GraphError(f"the storage of %{shares} is too small for {type_}")
        return self._define(self._strided(flat, type_), type_)

    def _restore(self, ids: Iterable[int]) -> None:
        # A call with `out=` may have resized its target before it failed.
        for id_ in ids:
            self._fakes[id_] = self._strided(self._fakes[id_], self._types[id_])

    def _strided(self, fake: torch.Tensor, type_: TensorType) -> torch.Tensor:
        found: torch.Tensor = self._run(torch.as_strided, (fake, type_.shape, type_.strides, type_.offset), {})
        return found

    def _define(self, fake: torch.Tensor, type_: TensorType) -> int:
        id_ = len(self._types)
        self._fakes[id_] = fake
        self._types[id_] = type_
        self._storages[id_] = fake.untyped_storage()._cdata
        return id_

    def _check_writes(self, op: str, args: Sequence[Arg], kwargs: Sequence[tuple[str, Arg]]) -> list[int]:
        names = written_arguments(op)
        if not names:
            return []
        named = dict(zip((p.name for p in parameters(op)), args, strict=False)) | dict(kwargs)
        written = [id_ for name in names for id_ in arg_refs(named.get(name))]
        read = [id_ for name, arg in named.items() if name not in names for id_ in arg_refs(arg)]
        for position, target in enumerate(written):
            if not self.writable(target):
                raise GraphError(f"{op} writes to %{target}, which is part of a constant or has elements stored twice")
            for other in (*read, *written[:position]):
                if not (self.may_read(op, other, target) if other in read else self.apart(other, target)):
                    raise GraphError(f"{op} writes to %{target}, which overlaps its argument %{other}")
        return written
