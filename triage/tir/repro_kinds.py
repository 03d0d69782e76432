"""What the script of a finding looks for, by the kind of failure: the source of `check`, which gives the exit code."""

from __future__ import annotations

import re

from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.signature import normalized

_PLACEHOLDER = re.compile(r"ADDRESS|PATH|NAME|LIST|\bN\b|CALL")
_SHORTEST = 8


def wrong_result(result: str) -> str:
    """Whether the values that an expression gives are others than EXPECTED."""
    return f"""def check():
    try:
        actual = {result}
    except Exception as error:
        print("cannot tell:", type(error).__name__, error)
        return 2
    wrong = [name for name in EXPECTED if not same(EXPECTED[name], actual[name])]
    for name in wrong:
        print(f"{{name}}: expected {{EXPECTED[name].tolist()}}")
        print(f"{{name}}: actual   {{actual[name].tolist()}}")
    if wrong:
        print("reproduced: other values in", *wrong)
    return 1 if wrong else 0"""


def wrong_meaning(before: str, after: str, name: str) -> str:
    """Whether a pass changes what the evaluator makes of a program; the expressions give modules."""
    return f"""def check():
    before = {before}
    try:
        after = {after}
        if not all(same(EXPECTED[name], array) for name, array in evaluate(before).items()):
            print("cannot tell: the program does not do what was expected of it before the pass")
            return 2
    except Exception as error:
        print("cannot tell:", type(error).__name__, error)
        return 2
    print("before {name}:", before, "after {name}:", after, sep="\\n")
    try:
        actual = evaluate(after)
    except AssertionError as undefined:
        print("reproduced: after {name} the program does what is undefined:", undefined)
        return 1
    wrong = [name for name in EXPECTED if not same(EXPECTED[name], actual[name])]
    for name in wrong:
        print(f"{{name}}: expected {{EXPECTED[name].tolist()}}")
        print(f"{{name}}: actual   {{actual[name].tolist()}}")
    if wrong:
        print("reproduced: after {name} other values in", *wrong)
    return 1 if wrong else 0"""


def raises(action: str, verdict: Verdict) -> str:
    """Whether a statement raises what the verdict says."""
    name, said = verdict.exception.rsplit(".", 1)[-1], telling(verdict.message)
    condition = f'type(error).__name__ == "{name}"' + (f" and {said!r} in str(error)" if said else "")
    return f"""def check():
    try:
        {action}
    except Exception as error:
        print(type(error).__name__, str(error)[-2000:])
        if {condition}:
            print("reproduced: {name}")
            return 1
        return 2
    return 0"""


def ill_formed(before: str, after: str, name: str) -> str:
    """Whether a pass makes a well-formed program ill-formed; the expressions give modules."""
    return f'''def well_formed(mod):
    """Whether TVM's verifier accepts a module."""
    return tvm.s_tir.analysis.verify_well_formed(mod, assert_mode=False)


def check():
    try:
        before = {before}
        if not well_formed(before):
            print("cannot tell: the program is ill-formed before the pass")
            return 2
        after = {after}
    except Exception as error:
        print("cannot tell:", type(error).__name__, error)
        return 2
    print("before {name}:", before, "after {name}:", after, sep="\\n")
    if well_formed(after):
        return 0
    print("reproduced: {name} gives an ill-formed program")
    return 1'''


def dies(action: str, limit: str = "") -> str:
    """Whether a process dies of a statement; `limit` is a statement that is run before it."""
    ended = "ended.returncode < 0" if not limit else "ended.returncode not in (0, 2)"
    return f"""def check():
    if sys.argv[1:] == ["child"]:
        {limit or "pass"}
        {action}
        return 0
    ended = subprocess.run([sys.executable, __file__, "child"])
    if {ended}:
        print("reproduced: the process dies, exit status", ended.returncode)
        return 1
    return 0 if ended.returncode == 0 else 2"""


def hangs(action: str, start: int, seconds: int) -> str:
    """Whether a statement takes more than `seconds` once TVM has been imported, which may take `start`."""
    return f"""def check():
    if sys.argv[1:] == ["child"]:
        signal.alarm({seconds})
        {action}
        return 0
    ended = subprocess.run([sys.executable, __file__, "child"], timeout={start + seconds})
    if ended.returncode == -signal.SIGALRM:
        print("reproduced: no end within {seconds} seconds")
        return 1
    return 0 if ended.returncode == 0 else 2"""


def telling(message: str) -> str:
    """The longest part of a message that holds no numbers, names and paths; empty if none is long enough to tell."""
    parts = [part.strip() for part in _PLACEHOLDER.split(normalized(message))]
    found = max((part for part in parts if part in message), key=len, default="")
    return found if len(found) >= _SHORTEST else ""
