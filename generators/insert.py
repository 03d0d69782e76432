"""Forward insertion: a new operator call that reads values that the graph has."""

from __future__ import annotations

import random

from tensorsmith.generators.bounds import evaluate
from tensorsmith.generators.call import Call, form_of
from tensorsmith.generators.draft import Draft
from tensorsmith.generators.guards import CASTING, guard_arguments
from tensorsmith.generators.in_use import entry_in_use, rule_in_use
from tensorsmith.generators.inputs import index_recipe, random_dtype, recipe_for
from tensorsmith.generators.meta_kernel import meta_device_agrees
from tensorsmith.generators.operands import REUSED, choose_dtype, exact, fresh, may_read, pick_main, resized
from tensorsmith.generators.rules.mend import mend
from tensorsmith.generators.table import OperatorEntry, Record
from tensorsmith.generators.vary import FOLLOWING, RULES, Context, mapped
from tensorsmith.generators.wanted import fits_shape, main_dtype_for
from tensorsmith.ir.dtypes import COMMON, FLOATS, DType
from tensorsmith.ir.errors import GraphError
from tensorsmith.ir.graph import Arg, Atom, Ref, TensorType
from tensorsmith.ir.operators import parameters, written_arguments

TRIES = 4
_VARIED = 0.65  # how often an argument that has a rule is varied
_MIXED = 0.3  # how often an operand is of another dtype, where that promotes


def insert_forward(draft: Draft, rng: random.Random, entry: OperatorEntry) -> tuple[int, ...] | None:
    """Add a call of an operator that reads values of the draft where they fit, and new inputs where none does.

    Guards that keep values in the operator's domain may be added before it.

    Returns:
        The ids of the call's results, or None when no try was accepted; the draft is then as it was.
    """
    out_op = ""
    if entry.out_of:
        out_op, entry = entry.op, entry_in_use(entry.out_of)
    for attempt in range(TRIES):
        record = _choose_record(draft, rng, entry)
        try:
            with draft.attempt():
                if attempt == TRIES - 1:
                    return _replay_record(draft, rng, entry, record, out_op)
                return _insert(draft, rng, entry, record, out_op)
        except GraphError:
            continue
    return None


def _choose_record(draft: Draft, rng: random.Random, entry: OperatorEntry) -> Record:
    """A record of the operator, mostly one that is built around a tensor of a rank that some value has."""
    if not entry.any_shape and rng.random() < REUSED:
        types = draft.builder.types
        ranks = {len(types[i].shape) for i in draft.alive if types[i].dtype in entry.dtypes}
        fitting = [r for r in entry.records if r.tensors and len(r.tensors[0].shape) in ranks]
        if fitting:
            return rng.choice(fitting)
    return rng.choice(entry.records)


def insert_for(draft: Draft, rng: random.Random, entry: OperatorEntry, record: Record, wanted: TensorType) -> int:
    """Add a call whose first result has the dtype and shape that are wanted.

    Raises:
        GraphError: the call is rejected, or its result is of another dtype or shape; the draft is then as it was.
    """
    with draft.attempt():
        dtype = main_dtype_for(entry, wanted.dtype)
        if dtype is None or not fits_shape(entry, record, wanted.shape):
            raise GraphError(f"{entry.op}: a call like this one gives no {wanted}")
        sizes = {} if entry.any_shape else dict(zip(record.results[0].shape, wanted.shape, strict=True))
        call = Call(draft, rng, entry, form_of(entry, record), dtype, sizes, {})
        if entry.any_shape and call.form.plain:
            arguments = _pointwise(call, wanted.shape, 0.0)
        else:
            for position in call.form.plain:
                shape = resized(call, record.tensors[position].shape)
                call.chosen[position] = exact(call, call.type(position).dtype, shape, position in call.form.written)
            arguments = _arguments(call, 0.0)
        result = _finish(call, arguments)[0]
        found = draft.type(result)
        if (found.dtype, found.shape) != (wanted.dtype, wanted.shape):
            raise GraphError(f"{entry.op} gives {found}, not {wanted}")
        return result


def _insert(draft: Draft, rng: random.Random, entry: OperatorEntry, record: Record, out_op: str) -> tuple[int, ...]:
    call = Call(draft, rng, entry, form_of(entry, record), None, {}, {}, out_op)
    plain = call.form.plain
    if not plain:
        return _finish(call, _arguments(call, _VARIED))
    call.dtype = choose_dtype(call)
    if entry.any_shape:
        base = pick_main(call, plain[0], any_rank=True)
        shape = draft.type(base).shape
        call.chosen[plain[0]] = base
        return _finish(call, _pointwise(call, shape, _MIXED))
    flexible = len(record.tensors) == 1 and entry.group != "nn"
    base = pick_main(call, plain[0], any_rank=flexible and rng.random() < 0.7)
    call.chosen[plain[0]] = base
    old, new = record.tensors[plain[0]].shape, draft.type(base).shape
    if len(old) == len(new):
        for before, after in zip(old, new, strict=True):
            if before != 1 or after == 1:
                call.sizes.setdefault(before, after)
    for position in plain[1:]:
        shape = resized(call, record.tensors[position].shape)
        call.chosen[position] = exact(call, call.type(position).dtype, shape, position in call.form.written)
    return _finish(call, _arguments(call, _VARIED))


def _replay_record(
    draft: Draft, rng: random.Random, entry: OperatorEntry, record: Record, out_op: str
) -> tuple[int, ...]:
    """The call as it was recorded, on new inputs; in float32 in place of another float where the operator takes it."""
    form = form_of(entry, record)
    dtype: DType | None = "f32" if form.main in FLOATS and "f32" in entry.dtypes else form.main
    call = Call(draft, rng, entry, form, dtype, {}, {}, out_op)
    for position in call.form.plain:
        type_ = call.type(position)
        call.chosen[position] = fresh(call, type_.dtype, type_.shape, position in call.form.written)
    return _finish(call, _arguments(call, 0.0))


def _pointwise(call: Call, shape: tuple[int, ...], mixed: float) -> dict[str, Arg]:
    """Operands of broadcastable shapes; the one that is chosen already, or else the first, has the full shape.

    `mixed` is how often one is of another dtype where the operator promotes.
    """
    draft, rng, entry = call.draft, call.rng, call.entry
    in_place = bool(written_arguments(entry.op))
    if entry.any_shape and not call.chosen:
        first = call.form.plain[0]
        call.chosen[first] = exact(call, call.type(first).dtype, shape, first in call.form.written)
    for position in call.form.plain:
        if position in call.chosen:
            continue
        dtype = call.type(position).dtype
        if entry.promotes and dtype == call.dtype and rng.random() < mixed:
            dtype = random_dtype(rng, entry.dtypes)
        name = call.slots.names[position]
        targets = call.targets()
        if in_place and CASTING.get(entry.op.split(".")[1]) == name and rng.random() < 0.5:
            dtype = random_dtype(rng, COMMON)
        found = None
        if rng.random() < REUSED:
            found = draft.pick(
                rng,
                lambda i, t, d=dtype, targets=targets: (  # type: ignore[misc]
                    t.dtype == d and _broadcasts(t.shape, shape) and (not targets or may_read(call, i, targets))
                ),
            )
        if found is None:
            cut = rng.randint(0, len(shape)) if rng.random() < 0.3 else 0
            kept = tuple(1 if rng.random() < 0.15 else n for n in shape[cut:])
            found = fresh(call, dtype, kept, written=False)
        call.chosen[position] = found
    return _arguments(call, _VARIED)


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether a shape broadcasts to a target."""
    if len(shape) > len(target):
        return False
    return all(n in (1, m) for n, m in zip(reversed(shape), reversed(target), strict=False))


def _arguments(call: Call, share: float) -> dict[str, Arg]:
    """Every argument by name, about this share of those with a rule varied, index arguments made."""
    rng, record, slots = call.rng, call.record, call.slots
    base = call.entry.op.split(".")[1]
    first = next(iter(call.chosen.values()), None)
    main = TensorType(call.dtype or "f32") if first is None else call.draft.type(first)
    moved = first is not None and any(
        len(call.draft.type(v).shape) != len(record.tensors[p].shape) for p, v in call.chosen.items()
    )
    found = dict(slots.arguments)
    context = Context(base, main, found, call.sizes)
    for name in slots.order:
        arg = found[name]
        if name in slots.referring:
            found[name] = tuple(_ref(call, a) for a in arg) if isinstance(arg, tuple) else _ref(call, arg)
            continue
        rule = RULES.get(name)
        needed = name in FOLLOWING or (moved and "dim" in name)
        if rule is not None and (rng.random() < share or (share and needed)):
            found[name] = rule(context, arg, rng)
        elif name in ("size", "shape", "normalized_shape", "output_size", "split_sizes"):
            found[name] = mapped(context, arg, rng)
    return found


def _ref(call: Call, atom: Atom) -> Atom:
    """A reference into the record becomes one to the chosen value; index positions stay for `_indices`."""
    if isinstance(atom, Ref):
        return Ref(call.chosen[atom.id]) if atom.id in call.chosen else Ref(-1 - atom.id)
    return atom


def _finish(call: Call, arguments: dict[str, Arg]) -> tuple[int, ...]:
    """Satisfy the operator's rule, make indices, guard, and add the call."""
    arguments = _mended(call, arguments)
    for name in call.entry.bounds:
        _indices(call, name, arguments)
    guard_arguments(call.draft, call.rng, call.entry, arguments)
    args: list[Arg] = []
    kwargs: list[tuple[str, Arg]] = []
    for parameter in parameters(call.entry.op):
        value = arguments[parameter.name]
        if parameter.kwarg_only:
            if value is not None or parameter.required:
                kwargs.append((parameter.name, value))
        else:
            args.append(value)
    results = call.draft.call(call.entry.op, args, kwargs)
    if call.entry.meta_differs and not meta_device_agrees(call.draft.builder.nodes[-1], call.draft.builder.types):
        raise GraphError(f"{call.entry.op}: its meta kernel and eager disagree")
    if call.out_op:
        results = _into_out(call, args, kwargs)
    if call.entry.group == "view" and all(v in call.draft.tame for v in call.chosen.values()):
        call.draft.tame.update(results)
    return results


def _mended(call: Call, arguments: dict[str, Arg]) -> dict[str, Arg]:
    """The arguments changed as far as it takes to satisfy the operator's rule.

    Raises:
        GraphError: the tensors that were chosen cannot satisfy it; eager need not be asked.
    """
    rule = rule_in_use(call.entry.op)
    if not rule.clauses:
        return arguments
    refs = {r.id for a in arguments.values() for r in _references(a)}
    # Index tensors are made last; until then a negative id stands for the record's.
    types = {r: call.draft.type(r) if r >= 0 else call.record.tensors[-1 - r] for r in refs}
    found = mend(rule, arguments, types, call.rng)
    if isinstance(found, str):
        raise GraphError(f"{call.entry.op}: not {found}")
    return found


def _into_out(call: Call, args: list[Arg], kwargs: list[tuple[str, Arg]]) -> tuple[int, ...]:
    """Replace the call that was just added by one of the variant that writes to an `out=` argument."""
    draft, rng = call.draft, call.rng
    node = draft.builder.nodes.pop()
    del draft.alive[-sum(draft.type(r).dtype in COMMON for r in node.results) :]
    (type_,) = node.types
    dtype = random_dtype(rng, sorted(FLOATS)) if type_.dtype in FLOATS and rng.random() < 0.1 else type_.dtype
    read = {draft.builder.storage(r.id) for a in (*args, *dict(kwargs).values()) for r in _references(a)}
    out = draft.pick(
        rng,
        lambda i, t: (
            # Dynamo takes contiguous ones only.
            (t.dtype, t.shape, t.stride) == (dtype, type_.shape, ())
            and draft.writable(i)
            and draft.builder.storage(i) not in read
        ),
    )
    if out is None or rng.random() < 0.2:
        plain = TensorType(dtype, type_.shape)
        out = draft.input(plain, recipe_for(plain, rng))
    return draft.call(call.out_op, args, [*kwargs, ("out", Ref(out))])


def _references(arg: Arg) -> list[Ref]:
    return [a for a in (arg if isinstance(arg, tuple) else (arg,)) if isinstance(a, Ref)]


def _indices(call: Call, name: str, arguments: dict[str, Arg]) -> None:
    """Fresh index tensors, in range, for an argument that has a bound."""
    arg = arguments[name]
    bound = call.entry.bounds[name]
    shift = bound.of == "constant" and "shift" in call.entry.op
    made: list[Atom] = []
    for place, atom in enumerate(arg if isinstance(arg, tuple) else (arg,)):
        if not isinstance(atom, Ref) or atom.id >= 0:
            made.append(atom)
            continue
        position = -1 - atom.id
        high = evaluate(bound, arguments, place, call.draft.type)
        type_ = call.record.tensors[position]
        shape, dtype = resized(call, type_.shape), type_.dtype
        if shift and call.chosen:
            shifted = call.draft.type(next(iter(call.chosen.values())))
            shape, dtype = shifted.shape, shifted.dtype
        if high is None or (high < 1 and TensorType(dtype, shape).numel):
            raise GraphError(f"{call.entry.op}: no value of `{name}` is in range")
        distinct = name in call.entry.distinct
        if distinct:
            dim = arguments.get("dim")
            long = [d for d, n in enumerate(shape) if n > 1]
            if isinstance(dim, int) and len(long) > 1:
                shape = tuple(n if d == dim % len(shape) else 1 for d, n in enumerate(shape))
            shape = tuple(min(n, high) for n in shape)
            if TensorType(dtype, shape).numel > high:
                raise GraphError(f"{call.entry.op}: `{name}` would repeat")
        recipe = index_recipe(min(high, 127), distinct, call.rng)
        made.append(Ref(call.draft.fresh_index(TensorType(dtype, shape), recipe)))
    arguments[name] = tuple(made) if isinstance(arg, tuple) else made[0]
