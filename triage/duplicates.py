"""Deduplication before reduction: whether a failure is probably one that is known, so that it need not be reduced.

Errors and deaths say by their signature what they are. A wrong result does not: it is probably known if a known
finding's reduced program occurs in the failing one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from networkx.algorithms.isomorphism import DiGraphMatcher, categorical_node_match

from tensorsmith.ir.cases import Case, operators_of
from tensorsmith.ir.graph import Graph
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.targets.tvm.passes.defaults import BUILD_RELAX
from tensorsmith.targets.tvm.passes.relax import RELAX
from tensorsmith.triage.signature import Signature, normalized, signature
from tensorsmith.triage.structure import PATTERN_LIMIT, dataflow

# Passes of Relax that `tvm.compile` does not run by itself.
_ONLY_ASKED = frozenset(entry.name for entry in RELAX) - {step.name for step in BUILD_RELAX}

# Reduction ends in these dtypes where the dtype does not matter.
_ANY = frozenset({"f32", "i64"})


class KnownFinding(msgspec.Struct, frozen=True):
    """What deduplication needs of a finding: its id, signature, and smallest test case."""

    id: str
    signature: Signature
    case: Case
    # Passes that failures like it were blamed on before they were reduced.
    also_guilty: tuple[str, ...] = ()


def probable_duplicate(case: Case, verdict: Verdict, known: Sequence[KnownFinding]) -> str | None:
    """The id of the known finding that a failure probably is, or None.

    Raises:
        ValueError: the verdict is no failure.
    """
    own = signature(case, verdict)
    for finding in known:
        guilty = finding.signature.guilty
        # A process that died does not say in which pass, and of a graph only triage does.
        blamed = own.guilty in finding.also_guilty if own.guilty else _runs(case, guilty)
        found = msgspec.structs.replace(own, guilty=guilty) if blamed else own
        if alike(found, finding.signature) and (verdict.kind == "error" or _occurs(finding.case, case)):
            return finding.id
    return None


def alike(found: Signature, known: Signature) -> bool:
    """Whether failures of these signatures may be one bug, whatever their programs are before reduction."""
    if found.kind == "error":
        return _as_now(found) == _as_now(known)
    if (found.target, found.kind, found.channel, found.guilty) != (
        known.target,
        known.kind,
        known.channel,
        known.guilty,
    ):
        return False
    return found.message in (known.message, normalized(known.message))


def is_twin(own: Signature, case: Case, known: KnownFinding) -> bool:
    """Whether two failures are one bug, both reduced: the same in the same program but for shapes, dtypes and operands.

    Of errors that rise in the same place the messages may differ; and what is guilty may be known of one only.
    """
    other = known.signature
    if (own.target, own.kind, own.channel) != (other.target, other.kind, other.channel):
        return False
    if own.guilty and other.guilty and own.guilty != other.guilty:
        return False
    if (own.exception, own.frames) != (other.exception, other.frames):
        return False
    if alike(own, other) and own.kind == "error":
        return True
    if not isinstance(case, TestCase) or not isinstance(known.case, TestCase):
        return False
    if own.kind == "error" and not own.frames:
        return False
    same_text = own.kind == "error" or normalized(own.message) == normalized(other.message)
    return same_text and _is_one_program(case.graph, known.case.graph)


def _is_one_program(first: Graph, second: Graph) -> bool:
    if not 0 < len(first.nodes) == len(second.nodes) <= PATTERN_LIMIT:
        return False
    same_operator = categorical_node_match("op", "")
    return bool(DiGraphMatcher(dataflow(first), dataflow(second), same_operator).is_isomorphic())


def _as_now(found: Signature) -> Signature:
    """A signature whose message may have been freed of less by an older version."""
    return msgspec.structs.replace(found, message=normalized(found.message))


def is_simpler(finding: KnownFinding, other: KnownFinding) -> bool:
    """Whether a finding that is no error occurs in the program of another that fails in the same way."""
    alike_ = finding.signature.kind != "error" and alike(other.signature, finding.signature)
    return alike_ and _occurs(finding.case, other.case)


def _occurs(pattern: Case, case: Case) -> bool:
    """Whether a reduced program occurs in another: calls and dataflow of a graph, of TIR merely all constructs."""
    if isinstance(pattern, TestCase) and isinstance(case, TestCase):
        return bool(occurrence(pattern.graph, case.graph))
    return set(operators_of(pattern)) <= set(operators_of(case))


def _runs(case: Case, name: str) -> bool:
    """Whether a pass may run in a pipeline: of TIR, one without steps is the default, which has most of them; those of
    Relax run before the default one."""
    steps = case.pipeline.steps
    asked = any(step.name == name for step in steps)
    return asked or not (steps if isinstance(case, TirCase) else name in _ONLY_ASKED)


def occurrence(pattern: Graph, graph: Graph) -> set[int]:
    """Positions of the calls of a graph that match a pattern's, by operator, dataflow and telling dtypes; or none."""
    if not 0 < len(pattern.nodes) <= min(PATTERN_LIMIT, len(graph.nodes)):
        return set()
    matcher = DiGraphMatcher(dataflow(graph), dataflow(pattern), _matches)
    mapping: dict[int, int]
    for mapping in matcher.subgraph_monomorphisms_iter():
        return set(mapping)
    return set()


def _matches(here: dict[str, Any], pattern: dict[str, Any]) -> bool:
    if here["op"] != pattern["op"]:
        return False
    if len(here["dtypes"]) != len(pattern["dtypes"]):
        return True  # a list of another length, such as of `cat`
    return all(p in _ANY or p == h for h, p in zip(here["dtypes"], pattern["dtypes"], strict=True))
