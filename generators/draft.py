"""A graph in the making: a builder, the recipes of its inputs, and what is known of its values."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tensorsmith.generators.eager_builder import EagerBuilder, ask_eager
from tensorsmith.generators.inputs import DEEPEST, INDICES, LARGEST, random_layout, recipe_for, tame_recipe
from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.dtypes import COMMON, DType
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, Graph, TensorType, refs
from tensorsmith.ir.operators import written_arguments
from tensorsmith.ir.recipe import Drawn, InputRecipe, Values


@dataclass
class Draft:
    """A graph in the making.

    Attributes:
        builder: where calls go; its ids are the ids of values.
        values: the recipe of each input, by id.
        alive: values that later operators may use, in order of definition.
        tame: values known to be small and finite, so that casting them to an integer is defined.
        reserved: storages that must not be written: index tensors, whose values have to stay in range.
    """

    builder: GraphBuilder
    values: dict[int, Values] = field(default_factory=dict)
    alive: list[int] = field(default_factory=list)
    tame: set[int] = field(default_factory=set)
    reserved: set[int] = field(default_factory=set)

    def type(self, id_: int) -> TensorType:
        """The type of a value."""
        return self.builder.types[id_]

    def input(self, type_: TensorType, values: Values, shares: int | None = None) -> int:
        """Add an input with its recipe.

        Raises:
            GraphError: it is larger than random programs should be, or does not fit what it is to share.
        """
        if type_.numel > LARGEST or len(type_.shape) > DEEPEST:
            raise GraphError(f"an input of more than {LARGEST} elements or {DEEPEST} dimensions")
        id_ = self.builder.input(type_, shares)
        self.values[id_] = values
        self.alive.append(id_)
        return id_

    def fresh(self, rng: random.Random, dtype: DType, shape: tuple[int, ...]) -> int:
        """Add an input of a dtype and shape, in a random layout and with random contents."""
        type_ = random_layout(dtype, shape, rng)
        return self.input(type_, recipe_for(type_, rng))

    def fresh_writable(self, rng: random.Random, dtype: DType, shape: tuple[int, ...]) -> int:
        """Add an input that an in-place operator may write to."""
        for _ in range(3):
            type_ = random_layout(dtype, shape, rng)
            id_ = self.input(type_, recipe_for(type_, rng))
            if self.builder.writable(id_):
                return id_
            self.builder.inputs.pop()
            self.alive.pop()
        return self.input(TensorType(dtype, shape), recipe_for(TensorType(dtype, shape), rng))

    def fresh_index(self, type_: TensorType, values: Values) -> int:
        """Add an input of indices; it is kept from being written and from being used as anything else."""
        id_ = self.builder.input(type_)
        self.values[id_] = values
        if isinstance(self.builder, EagerBuilder) and isinstance(values, Drawn) and values.kind in INDICES:
            self.builder.zero(id_)
        self.reserved.add(self.builder.storage(id_))
        return id_

    def constant(self, rng: random.Random, dtype: DType, shape: tuple[int, ...]) -> int:
        """Add a constant that the program closes over."""
        id_ = self.builder.constant(TensorType(dtype, shape), tame_recipe(rng))
        self.alive.append(id_)
        return id_

    def call(self, op: str, args: Sequence[Arg], kwargs: Sequence[tuple[str, Arg]] = ()) -> tuple[int, ...]:
        """Add a call. Eager is asked too, whatever the builder runs on.

        Raises:
            GraphError: eager or the builder rejects it, they disagree about the results, or a result is larger than
                random programs should be.
        """
        if isinstance(self.builder, EagerBuilder):
            ids = self.builder.call(op, args, kwargs)
        else:
            results = ask_eager(op, args, kwargs, self.builder.types, self.values)
            ids = self.builder.call(op, args, kwargs)
            if [tuple(r.shape) for r in results] != [self.type(i).shape for i in ids]:
                raise GraphError(f"{op}: its meta kernel and eager disagree about shapes")
        types = self.builder.types
        for id_ in ids:
            if types[id_].numel > LARGEST or len(types[id_].shape) > DEEPEST:
                raise GraphError(f"{op}: a result of more than {LARGEST} elements or {DEEPEST} dimensions")
        if self.tame and written_arguments(op):
            written = {self.builder.storage(i) for i in ids}
            self.tame = {i for i in self.tame if self.builder.storage(i) not in written}
        self.alive.extend([i for i in ids if types[i].dtype in COMMON])
        return ids

    def writable(self, id_: int) -> bool:
        """Whether an in-place operator may write to the value."""
        return self.builder.storage(id_) not in self.reserved and self.builder.writable(id_)

    def pick(self, rng: random.Random, fits: Callable[[int, TensorType], bool]) -> int | None:
        """A value that fits, later ones more often so that programs grow deep; None if there is none."""
        types = self.builder.types
        found = [i for i in self.alive if fits(i, types[i])]
        if not found:
            return None
        return found[max(rng.randrange(len(found)), rng.randrange(len(found)))]

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Take back everything that was added if the block raises."""
        builder = self.builder
        inputs, constants, nodes = len(builder.inputs), len(builder.constants), len(builder.nodes)
        alive, tame = len(self.alive), set(self.tame)
        try:
            yield
        except GraphError:
            del builder.inputs[inputs:], builder.constants[constants:], builder.nodes[nodes:]
            del self.alive[alive:]
            self.tame = tame
            raise

    def build(self, outputs: Sequence[int]) -> tuple[Graph, InputRecipe]:
        """The graph with its recipe, without inputs and constants that nothing uses.

        Raises:
            GraphError: there are no outputs.
        """
        graph = self.builder.build(outputs)
        used = {ref for node in graph.nodes for ref in refs(node)} | set(outputs)
        used |= {i.shares for i in graph.inputs if i.id in used and i.shares is not None}
        inputs = tuple(i for i in graph.inputs if i.id in used)
        constants = tuple(c for c in graph.constants if c.id in used)
        recipe = InputRecipe(tuple(self.values[i.id] for i in inputs))
        return Graph(inputs, graph.nodes, graph.outputs, constants), recipe
