"""`tensorsmith corpus`: the tests that a campaign kept."""

from __future__ import annotations

from math import fsum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from pyroaring import BitMap

from tensorsmith.corpus.errors import StoreError
from tensorsmith.corpus.files import write_folder
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.cli.options import CampaignArgument, JsonOption
from tensorsmith.fuzz.cli.output import print_json, print_table
from tensorsmith.ir.cases import encode
from tensorsmith.ir.errors import InvalidInputError

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def corpus() -> None:
    """Work with the tests that a campaign kept.

    Example: tensorsmith corpus distill campaigns/first --out smallest
    """


class Distilled(msgspec.Struct, frozen=True):
    """What `corpus distill --json` says.

    `seconds` are those of the CPU that tests took when they were kept, where that was noted. `features` are those that
    tests of the corpus reach, by observer; `lost` those that only tests reached that the campaign did not keep.
    """

    out: str
    tests: int
    of: int
    seconds: float
    of_seconds: float
    features: dict[str, int]
    lost: dict[str, int]


@app.command()
def distill(
    directory: CampaignArgument,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the tests go; made if need be, and else empty.")],
    observers: Annotated[
        list[str] | None,
        typer.Option(
            "--observer",
            metavar="NAME",
            help="Whose features count, by name or its beginning; may be given again.  [default: all observers']",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write few and quick tests of the corpus that reach all that the corpus reaches, each as a test case (ID.json).

    `tensorsmith replay FOLDER` runs them, such as on another build of the compiler. The choice is the same every time.
    What counts is what all observers saw; with --observer the tests are fewer.

    Example: tensorsmith corpus distill campaigns/first --out smallest

    Example: tensorsmith corpus distill campaigns/first --observer libtvm_compiler.so --out smallest
    """
    from tensorsmith.corpus.distill import smallest_cover

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInputError(f"--out {out}: not an empty directory; name another one")
    with Store.open(directory) as store:
        kept = {entry.id for entry in store.corpus()}
        if not kept:
            raise InvalidInputError(f"{directory}: its corpus is empty, so there is nothing to distill")
        sets, features, lost = _sets(store, kept, _chosen(store, observers))
        seconds = {id_: spent for id_, spent in store.coverage.seconds().items() if id_ in kept}
        chosen = smallest_cover(sets, seconds)
        try:
            write_folder(out, {f"{id_}.json": encode(store.case(id_)) for id_ in chosen})
        except OSError as error:
            raise StoreError(f"{out}: cannot be written: {error.strerror}") from error
    done = Distilled(
        str(out),
        len(chosen),
        len(kept),
        fsum(seconds.get(id_, 0.0) for id_ in chosen),
        fsum(seconds.values()),
        features,
        lost,
    )
    if json:
        print_json(done)
    else:
        _print(done)


def _chosen(store: Store, names: list[str] | None) -> list[str]:
    """The observers that count.

    Raises:
        InvalidInputError: there are none, or a name is none's.
    """
    known = store.coverage.observers()
    if not known:
        raise InvalidInputError(
            f"{store.directory}: has no coverage (--no-coverage?), so all of its tests count the same"
        )
    for name in names or ():
        if not any(one.startswith(name) for one in known):
            raise InvalidInputError(f"--observer {name}: the campaign has {', '.join(known)}")
    return [one for one in known if names is None or one.startswith(tuple(names))]


def _sets(
    store: Store, kept: set[str], observers: list[str]
) -> tuple[dict[str, BitMap], dict[str, int], dict[str, int]]:
    """All that each test of the corpus reaches, every observer's features being moved to numbers of their own.

    Returns:
        the features by test; how many there are by observer; and how many more were reached by tests not kept.
    """
    found: dict[str, BitMap] = {}
    covered: dict[str, BitMap] = {name: BitMap() for name in observers}
    reached = {name: store.coverage.covered(name) for name in observers}
    size = {name: 1 + max(features, default=0) for name, features in reached.items()}
    start = {name: sum(list(size.values())[:position]) for position, name in enumerate(covered)}
    for observer, case_id, every in store.coverage.sets():
        if case_id in kept and observer in covered:
            covered[observer] |= every
            found.setdefault(case_id, BitMap()).update(every.shift(start[observer]))
    lost = {name: len(reached[name] - features) for name, features in covered.items()}
    return found, {name: len(features) for name, features in covered.items()}, {n: c for n, c in lost.items() if c}


def _print(done: Distilled) -> None:
    saved = f", {done.seconds:.1f} of {done.of_seconds:.1f} CPU seconds," if done.of_seconds else ""
    print(f"{done.tests} of {done.of} tests{saved} reach all that the corpus reaches; they are in {done.out}")
    print_table(("observer", "features"), [(name, str(count)) for name, count in done.features.items()])
    for name, count in done.lost.items():
        print(f"{name}: {count} more were reached by tests that the campaign did not keep")
