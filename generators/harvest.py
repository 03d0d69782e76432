"""Writes the operator table for the installed PyTorch: `python -m tensorsmith.generators.harvest [FILE]`.

It runs PyTorch's own OpInfo samples, records the operator calls that they make, adds calls made up from the schemas
of operators that those do not reach, and asks eager PyTorch about each operator. Takes some minutes of one CPU; what is
slower than its time limit on a loaded machine may be missing.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import msgspec
import torch

from tensorsmith.generators.bounds import named_arguments
from tensorsmith.generators.data_files import TABLE, own_name
from tensorsmith.generators.exclusions import exclusion_reason
from tensorsmith.generators.groups import group_of
from tensorsmith.generators.meta import meta_differs
from tensorsmith.generators.out_variants import functional_of, out_variants
from tensorsmith.generators.probe import learn, with_main
from tensorsmith.generators.recorded_calls import opinfo_calls, pick_diverse, schema_calls
from tensorsmith.generators.synthesis import synthesized_calls
from tensorsmith.generators.table import Bound, OperatorEntry, Record
from tensorsmith.ir.errors import InvalidInputError
from tensorsmith.ir.graph import Ref
from tensorsmith.ir.operators import operator, undefined_reason
from tensorsmith.targets.isolation import Died, Limits, run_isolated

MOST_RECORDS = 10
LIMITS = Limits(seconds=60.0, rss_bytes=6 << 30)

# Writes through an index that repeats happen in no particular order.
_ORDERED_WRITES = re.compile(r"aten\.(scatter_?\.(src|reduce)|index_copy_?|index_put_?|put_?)(\.|$)")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the table; on `sys.argv` if no arguments are given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    own = Path(__file__).parent / "data" / own_name(TABLE)
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        type=Path,
        default=own,
        help="that of the installed torch's minor version if not given",
    )
    target: Path = parser.parse_args(arguments).file
    torch.set_num_threads(1)
    reasons: Counter[str] = Counter()
    calls, sources = collect_calls(reasons)
    found = list(entries(calls, sources, reasons))
    lines = [msgspec.json.encode(entry) for entry in (*found, *out_entries(found))]
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
    for op in _unreached(calls):
        calls[op] = synthesized_calls(op)
    for op in list(calls):
        twin = in_place_twin(op)
        if twin is not None:
            fitting = [r for r in calls[op] if r.results and r.tensors and r.results[0] == r.tensors[0]]
            calls.setdefault(twin, []).extend(fitting)
            sources[twin] |= sources[op]
    for op in list(calls):
        # Their calls are made from those of the operator that they are a variant of.
        reason = "out-variant" if functional_of(op) is not None else exclusion_reason(op)
        calls[op] = [r for r in calls[op] if not has_mask_index(op, r)]
        if reason is not None or not calls[op]:
            reasons[reason or "masks only"] += 1
            del calls[op]
    return dict(calls), dict(sources)


def _unreached(calls: Collection[str]) -> list[str]:
    """The operators that random programs may use but that no sample leads to."""
    found: list[str] = []
    for qualified in sorted(torch._C._dispatch_get_all_op_names()):
        namespace, _, rest = qualified.partition("::")
        base, _, overload = rest.partition(".")
        name = f"{namespace}.{base}.{overload or 'default'}"
        if namespace == "aten" and name not in calls and functional_of(name) is None and exclusion_reason(name) is None:
            found.append(name)
    return found


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
        # Random calls of it may crash where the recorded ones do not.
        answer = run_isolated(lambda entry=entry: b"yes" if meta_differs(entry) else b"no", LIMITS)  # type: ignore[misc]
        if isinstance(answer, Died):
            reasons[f"eager dies of random calls: {answer.cause}"] += 1
            print(f"{op}: eager dies of random calls: {answer.cause}", file=sys.stderr)
            continue
        yield msgspec.structs.replace(entry, meta_differs=answer.payload == b"yes")


def out_entries(found: Sequence[OperatorEntry]) -> Iterator[OperatorEntry]:
    """Entries of the `out=` variants of operators of the table; what they take is what their twins take."""
    twins = {entry.op: entry for entry in found if not entry.meta_differs}
    for op, twin in out_variants().items():
        if twin in twins and undefined_reason(op) is None and exclusion_reason(op) is None:
            yield OperatorEntry(op=op, group="out", dtypes=twins[twin].dtypes, records=(), out_of=twin)


if __name__ == "__main__":
    main()
