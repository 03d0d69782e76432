"""Writes the operator table for the installed PyTorch: `python -m tensorsmith.generators.harvest [FILE]`.

It runs PyTorch's own OpInfo samples, records the operator calls that they make, adds calls made up from the schemas
of pointwise operators, and asks eager PyTorch about each operator. Takes some minutes of one CPU; deterministic.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
import torch

from tensorsmith.generators.bounds import named_arguments
from tensorsmith.generators.calls import opinfo_calls, pick_diverse, schema_calls
from tensorsmith.generators.exclusions import exclusion_reason
from tensorsmith.generators.groups import group_of
from tensorsmith.generators.meta import meta_differs
from tensorsmith.generators.probe import learn, with_main
from tensorsmith.generators.table import TABLE, Bound, OperatorEntry, Record
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.graph import Ref
from tensorsmith.ir.operators import operator

MOST_RECORDS = 10

# Writes through an index that repeats happen in no particular order.
_ORDERED_WRITES = re.compile(r"aten\.(scatter_?\.(src|reduce)|index_copy_?|index_put_?|put_?)(\.|$)")


def main() -> None:
    """Write the table to the given file, or to the one that ships."""
    torch.set_num_threads(1)
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data" / TABLE
    reasons: Counter[str] = Counter()
    calls, sources = collect_calls(reasons)
    lines = [msgspec.json.encode(entry) for entry in entries(calls, sources, reasons)]
    target.write_bytes(b"\n".join(lines) + b"\n")
    print(f"{target.name}: {len(lines)} operators, {target.stat().st_size // 1024} KiB")
    for reason, count in reasons.most_common():
        print(f"  left out: {count:4} {reason}")


def collect_calls(reasons: Counter[str]) -> tuple[dict[str, list[Record]], dict[str, set[str]]]:
    """Records of every operator that may be used, and the OpInfo names that reached it; counts the others."""
    calls: dict[str, list[Record]] = defaultdict(list)
    sources: dict[str, set[str]] = defaultdict(set)
    for source, op, record in opinfo_calls():
        calls[op].append(record)
        sources[op].add(source)
    for op, record in schema_calls():
        calls[op].append(record)
    for op in list(calls):
        twin = in_place_twin(op)
        if twin is not None:
            fitting = [r for r in calls[op] if r.results and r.tensors and r.results[0] == r.tensors[0]]
            calls.setdefault(twin, []).extend(fitting)
            sources[twin] |= sources[op]
    for op in list(calls):
        reason = exclusion_reason(op)
        calls[op] = [r for r in calls[op] if not has_mask_index(op, r)]
        if reason is not None or not calls[op]:
            reasons[reason or "masks only"] += 1
            del calls[op]
    return dict(calls), dict(sources)


def has_mask_index(op: str, record: Record) -> bool:
    """Whether the call indexes with a mask: the shape of its result then depends on values."""
    arg = named_arguments(op, record).get("indices")
    return isinstance(arg, tuple) and any(
        isinstance(a, Ref) and record.tensors[a.id].dtype in ("bool", "u8") for a in arg
    )


def shift_bounds(op: str) -> dict[str, Bound]:
    """Shift counts beyond the width of the dtype are undefined, and eager does not say so."""
    counts = [a.name for a in operator(op)._schema.arguments if a.name == "other" and "Tensor" in str(a.type)]
    return dict.fromkeys(counts, Bound("constant", constant=8)) if "shift" in op else {}


def in_place_twin(op: str) -> str | None:
    """The operator that does the same in place, if there is one."""
    namespace, base, overload = op.split(".")
    twin = f"{namespace}.{base}_.{overload}"
    if base.endswith("_"):
        return None
    try:
        operator(twin)
    except InvalidInputError:
        return None
    return twin


def entries(
    calls: dict[str, list[Record]], sources: dict[str, set[str]], reasons: Counter[str]
) -> Iterator[OperatorEntry]:
    """The entry of every operator that eager has good answers about, by name; counts the others."""
    for op in sorted(calls):
        records = pick_diverse(calls[op], MOST_RECORDS)
        learned = learn(op, records)
        if learned.excluded:
            reasons[learned.excluded] += 1
            print(f"{op}: {learned.excluded}", file=sys.stderr)
            continue
        kept = tuple(records[p] for p in learned.usable)
        # Integer and bool records of an operator that takes floats say nothing that their float twins do not.
        plain = tuple(dict.fromkeys(with_main(r, learned.dtypes[-1]) for r in kept)) if not learned.bounds else kept
        distinct = tuple(sorted(learned.bounds)) if _ORDERED_WRITES.match(op) else ()
        entry = OperatorEntry(
            op=op,
            group=group_of(op, kept, sources.get(op, set()), learned),
            dtypes=learned.dtypes,
            records=plain[:MOST_RECORDS],
            any_shape=learned.any_shape,
            promotes=learned.promotes,
            bounds=dict(sorted((learned.bounds | shift_bounds(op)).items())),
            nonzero=learned.nonzero,
            guard=learned.guard,
            distinct=distinct,
        )
        yield msgspec.structs.replace(entry, meta_differs=meta_differs(entry))


if __name__ == "__main__":
    main()
