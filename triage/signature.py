"""The signature: what makes two failures the same bug."""

from __future__ import annotations

import hashlib
import re

import msgspec

from tensorsmith.ir.cases import Case, operators_of
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.oracles.verdict import Channel, Kind, Verdict
from tensorsmith.targets.tvm.relax.ways import FRONTEND, WAYS
from tensorsmith.triage.structure import structure_of

# TVM's messages: "Check failed: (condition) is false: values", "Check failed: a != b (0 vs. 0) : values".
_VALUES = re.compile(r" is false\b| \(?LIST? ?vs\.| \([^()]* vs\. ")


# What `oracles.tir.differences` says of a program that a pass has made undefined.
_UNDEFINED = re.compile(r"no defined result: (.*)")


# Follows the name of a guilty pass of TIR that is wrong about NaN and infinities only.
NAN_ALGEBRA = " (nan-algebra)"


class Signature(msgspec.Struct, frozen=True):
    """What two failures must share to be one finding.

    For errors and crashes: the exception and where in the compiler it rose, with the message freed of numbers and
    names. For wrong results: the channel, and after reduction the operators that are left and which of them reads which
    (`structure_of`), whatever the shapes and dtypes; where the target has passes, the guilty one, too. Of TIR: the
    constructs that are left.
    """

    target: str
    kind: Kind
    channel: Channel = ""
    exception: str = ""
    frames: tuple[str, ...] = ()
    message: str = ""
    operators: tuple[str, ...] = ()
    guilty: str = ""
    structure: str = ""

    @property
    def id(self) -> str:
        """Twelve hex digits that name the finding."""
        fields = msgspec.structs.asdict(self)
        if not self.guilty:  # which targets without passes never have
            del fields["guilty"]
        if not self.structure:  # nor have programs of one call
            del fields["structure"]
        return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()[:12]


def signature(case: Case, verdict: Verdict) -> Signature:
    """The signature of a failing verdict; for a wrong result, of a reduced test case.

    Raises:
        ValueError: the verdict is no failure.
    """
    if verdict.outcome != "fail" or verdict.kind is None:
        raise ValueError(f"a verdict of {verdict.outcome} has no signature")
    if isinstance(case, TirCase):
        return _tir_signature(case, verdict.kind, verdict)
    return _graph_signature(case, verdict.kind, verdict)


def signature_when_judged(case: Case, verdict: Verdict) -> Signature:
    """The signature without what judges do not find, but triage does: in graphs, what is guilty.

    Raises:
        ValueError: the verdict is no failure.
    """
    return signature(case, as_judged(case, verdict))


def as_judged(case: Case, verdict: Verdict) -> Verdict:
    """A verdict without what judges do not find, but triage does: in graphs, what is guilty."""
    if not isinstance(case, TestCase):
        return verdict
    frames = () if verdict.kind == "wrong-result" else verdict.frames
    return msgspec.structs.replace(verdict, guilty="", frames=frames)


def _graph_signature(case: TestCase, kind: Kind, verdict: Verdict) -> Signature:
    if kind == "wrong-result":
        if verdict.channel == "aliasing":
            # What should, or should not, have made new memory is what the outputs come from.
            outputs = set(case.graph.outputs)
            makers = {node.op for node in case.graph.nodes if outputs & set(node.results)}
            return Signature(case.target, kind, channel="aliasing", operators=tuple(sorted(makers)))
        operators = tuple(sorted(set(case.graph.operators())))
        importing = tuple(frame for frame in verdict.frames if FRONTEND.match(frame))
        # What a pass of TIR makes of NaN shows in whatever meets NaN; many operators share a function of an importer.
        anywhere = bool(importing) or verdict.guilty.endswith(NAN_ALGEBRA)
        return Signature(
            case.target,
            kind,
            # A wrong write to an input shows in outputs that alias it as well.
            channel="values" if verdict.channel == "mutation" else verdict.channel,
            frames=importing,
            operators=() if anywhere else operators,
            guilty=verdict.guilty,
            structure="" if anywhere else structure_of(case.graph),
        )
    if kind == "error" and case.target in WAYS:
        return _error_of_pass(case, verdict)
    if kind == "error":
        return Signature(
            case.target,
            kind,
            exception=verdict.exception,
            frames=verdict.frames[-3:],
            message=normalized(verdict.message),
        )
    # Where a process is when it is killed varies; the operators of the reduced program do not.
    return Signature(
        case.target,
        kind,
        message=normalized(verdict.message),
        operators=tuple(sorted(set(case.graph.operators()))),
        structure=structure_of(case.graph),
    )


def _error_of_pass(case: Case, verdict: Verdict) -> Signature:
    """Of what a pass raised: one fault of an analysis shows in every pass that uses it, and in every program of it that
    comes by. Of what the importer raised: where it did, whatever it stumbled over there."""
    importing = [frame for frame in verdict.frames if FRONTEND.match(frame)]
    if importing:
        return Signature(case.target, "error", exception=verdict.exception, frames=tuple(importing[-1:]))
    return Signature(
        case.target,
        "error",
        exception=verdict.exception,
        frames=verdict.frames[-1:],
        message=_failed_check(verdict.message),
    )


def _tir_signature(case: TirCase, kind: Kind, verdict: Verdict) -> Signature:
    if kind == "error":
        return _error_of_pass(case, verdict)
    if verdict.channel == "nan-algebra":
        return Signature(case.target, kind, channel=verdict.channel)
    if kind == "ill-formed":
        # Which variable it is, and where, is not what went wrong.
        message = normalized(verdict.message).partition(" variable ")[0]
        return Signature(case.target, kind, message=message, guilty=verdict.guilty)
    undefined = _UNDEFINED.search(verdict.message)
    if undefined is not None:
        # What a pass brought into the program says more than what it is made of.
        return Signature(case.target, kind, verdict.channel, message=undefined.group(1), guilty=verdict.guilty)
    message = "" if kind == "wrong-result" else normalized(verdict.message)
    return Signature(
        case.target, kind, verdict.channel, message=message, operators=operators_of(case), guilty=verdict.guilty
    )


def _failed_check(message: str) -> str:
    """What TVM checked, without the values that failed it."""
    line = normalized(message)
    return line[: found.start()] if (found := _VALUES.search(line)) else line


def same_failure(first: Verdict, second: Verdict) -> bool:
    """Whether two failing verdicts look alike before reduction: what a reduction must keep."""
    if (first.kind, first.channel, first.exception) != (second.kind, second.channel, second.exception):
        return False
    if first.kind in ("wrong-result", "ill-formed") and first.guilty != second.guilty:
        return False
    if first.kind == "error" and first.guilty:
        return _failed_check(first.message) == _failed_check(second.message) and first.frames[-1:] == second.frames[-1:]
    if first.kind == "error":
        return normalized(first.message) == normalized(second.message) and first.frames[-3:] == second.frames[-3:]
    # The message of a death names the signal.
    return first.kind != "crash" or normalized(first.message) == normalized(second.message)


def normalized(message: str) -> str:
    """The first line of a message, without what differs from one run to the next: numbers, addresses, names, paths."""
    line = message.strip().split("\n")[0][:400]
    line = re.sub(r"0x[0-9a-f]+", "ADDRESS", line)
    line = re.sub(r"(/[\w.+-]+)+", "PATH", line)
    # Of a call that a C++ compiler quotes, the function is what matters; of its arguments the types vary.
    line = re.sub(r"\u2018([A-Za-z_]+)\([^\u2019]*\u2019", r"CALL \1", line)
    line = re.sub(r"'[^']*'|\"[^\"]*\"|\u2018[^\u2019]*\u2019|`[^`]*`", "NAME", line)
    # ONNX Runtime's types of tensors, of which each operator has many.
    line = re.sub(r"\btensor\((bool|double|b?float\d*|u?int\d+)\)", "TENSOR", line)
    line = re.sub(r"\b(buf|arg|tmp|x|op|cpp_fused|triton_\w+?)_?\d+(_\d+)*\b", "NAME", line)
    # Of a name that is numbered if it is not the first, the number does not matter; N is what was made of it before.
    line = re.sub(r"\b([A-Za-z]\w*?)(_(\d+|N))+\b", r"\1", line)
    line = re.sub(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", "N", line)
    line = re.sub(r"[\[(](\s*(N|NAME)\s*,?)*[\])]", "LIST", line)
    line = re.sub(r"\s+", " ", line)
    # One clause for each dimension, tensor or such that is wrong: how many are is not what went wrong.
    return re.sub(r"(?:^|(?<=; ))([^;]+)(?:; \1)+(?=;|$)", r"\1", line)
