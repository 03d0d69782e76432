"""What the script of a finding looks for, by the kind of failure: the source of its `main`."""

from __future__ import annotations

from dataclasses import dataclass

from tensorsmith.oracles.verdict import Channel, Verdict
from tensorsmith.targets.isolation import Limits

# What loading torch and a compiler, and compiling a first program, may take on a slow machine.
START_SECONDS = 60.0


@dataclass(frozen=True)
class Body:
    """Source: the modules to import, functions that `main` uses, and `main`.

    `timed` says that it calls `warm_up` before what it times: a first compilation pays for more than its own program.
    """

    source: str
    imports: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    timed: bool = False


def body(verdict: Verdict, limits: Limits) -> Body:
    """The body for a failing verdict; a hang and memory without end count from the limits on.

    Raises:
        ValueError: the verdict is no failure.
    """
    if verdict.outcome != "fail" or verdict.kind is None:
        raise ValueError(f"a verdict of {verdict.outcome} has no script")
    if verdict.kind == "wrong-result":
        return _wrong_result(verdict.channel)
    if verdict.kind == "error":
        return Body(_ERROR.format(name=verdict.exception.rsplit(".", 1)[-1]), ("traceback",), (_CHAIN,))
    if verdict.kind == "hang":
        seconds = max(1, round(limits.seconds))
        ending = _HANGS.format(seconds=seconds)
        child = _TIMED_CHILD.format(start=round(START_SECONDS) + seconds, seconds=seconds)
        return Body(_IN_CHILD.format(ending=ending), ("signal", "subprocess"), (child,), timed=True)
    if verdict.kind == "memory":
        ending = _DIES.format(what="runs out of memory", died=_ANY_END)
        child = _LIMITED_CHILD.format(size=limits.rss_bytes)
        return Body(_IN_CHILD.format(ending=ending), ("resource", "subprocess"), (child,))
    signalled = "SIG" in verdict.message
    ending = _DIES.format(what="dies", died="ended.returncode < 0" if signalled else _ANY_END)
    return Body(_IN_CHILD.format(ending=ending), ("subprocess",), (_CHILD,))


def _wrong_result(channel: Channel) -> Body:
    if channel == "aliasing":
        return Body(_ALIASING, helpers=(_SHARED,))
    if channel == "strides":
        return Body(_COMPARED.format(what="strides(expected)", other="strides(actual)"), helpers=(_STRIDES,))
    if channel == "mutation":
        return Body(_CLOSE.format(want="expected_inputs", got="actual_inputs", what="inputs after the run"))
    if channel in ("dtype", "shape"):
        every = "[t.{0} for t in (*expected, *expected_inputs)]", "[t.{0} for t in (*actual, *actual_inputs)]"
        return Body(_COMPARED.format(what=every[0].format(channel), other=every[1].format(channel)))
    if channel == "count":
        return Body(_COMPARED.format(what="len(expected)", other="len(actual)"))
    return Body(_CLOSE.format(want="list(expected)", got="list(actual)", what="outputs"))


_CLOSE = """def main():
    print("torch", torch.__version__)
    for expected, actual, expected_inputs, actual_inputs in runs():
        print("expected {what}:", {want})
        print("actual {what}:  ", {got})
        try:
            torch.testing.assert_close({got}, {want}, equal_nan=True)
        except AssertionError as difference:
            print("reproduced:", difference)
            return 1
    return 0"""

_COMPARED = """def main():
    print("torch", torch.__version__)
    for expected, actual, expected_inputs, actual_inputs in runs():
        want, got = {what}, {other}
        print("expected:", want)
        print("actual:  ", got)
        if want != got:
            print("reproduced: they differ")
            return 1
    return 0"""

_STRIDES = '''def strides(tensors):
    """Of each tensor, the strides of the dimensions along which there are two elements or more."""
    return [[s for s, n in zip(t.stride(), t.shape) if n > 1 and t.numel()] for t in tensors]'''

_SHARED = '''def shared(outputs, inputs):
    """Pairs of tensors, by position with inputs first, that share memory."""
    tensors = [t for t in (*inputs, *outputs) if t.numel()]
    storages = [t.untyped_storage().data_ptr() for t in tensors]
    return {(a, b) for b in range(len(inputs), len(tensors)) for a in range(b) if storages[a] == storages[b]}'''

_ALIASING = """def main():
    print("torch", torch.__version__)
    for expected, actual, expected_inputs, actual_inputs in runs():
        want, got = shared(expected, expected_inputs), shared(actual, actual_inputs)
        print("expected to share memory:", want)
        print("actually share memory:   ", got)
        if want != got:
            print("reproduced: they differ")
            return 1
    return 0"""

_CHAIN = '''def names(error):
    """The types of an exception and of those that it wraps; torch hides some of them from tracebacks."""
    found = []
    while error is not None and len(found) < 20:
        found.append(type(error).__name__)
        error = getattr(error, "inner_exception", None) or error.__cause__
    return found'''

_ERROR = """def main():
    print("torch", torch.__version__)
    try:
        for _ in runs():
            pass
    except Exception as error:
        traceback.print_exc(file=sys.stdout)
        if "{name}" not in names(error):
            return 2
        print("reproduced: {name}")
        return 1
    return 0"""

_CHILD = """def child():
    for _ in runs():
        print("compiled: done", flush=True)
    return 0"""

_LIMITED_CHILD = """def child():
    resource.setrlimit(resource.RLIMIT_DATA, ({size}, {size}))
    for _ in runs():
        print("compiled: done", flush=True)
    return 0"""

# The alarm ends the process by itself, so that no spinning child is left when the script is killed. Only what comes
# after `warm_up` is timed; a compiler that hangs on everything is ended by the first alarm.
_TIMED_CHILD = """def child():
    signal.alarm({start})
    fn(*inputs())
    print("eager: done", flush=True)
    warm_up()
    signal.alarm({seconds})
    for _ in runs():
        print("compiled: done", flush=True)
    return 0"""

_IN_CHILD = """def main():
    if sys.argv[1:] == ["child"]:
        return child()
    print("torch", torch.__version__)
    command = [sys.executable, __file__, "child"]
{ending}"""

_ANY_END = "ended.returncode not in (0, 2)"

_DIES = """    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if {died} and "eager: done" in ended.stdout:
        print("reproduced: eager runs, the compiled function {what}; exit status", ended.returncode)
        return 1
    return 0 if ended.returncode == 0 else 2"""

_HANGS = """    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if ended.returncode == -signal.SIGALRM and "eager: done" in ended.stdout:
        print("reproduced: eager ends, the compiled function does not within {seconds} seconds")
        return 1
    return 0 if ended.returncode == 0 else 2"""
