"""Text of a joint C++ translation unit: splitting one kernel source, joining many, reading the compiler's errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ENTRY = re.compile(r'extern\s+"C"(?P<between>[^({;]*?\bvoid\b[^({;]*?\bkernel\s*\()')
_INCLUDE = re.compile(r"^[ \t]*(#[ \t]*include\b[^\n]*)$", re.MULTILINE)
_OTHER_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(?!include\b|pragma\b)\w", re.MULTILINE)
_OWN_FILE = re.compile(r"\bjoint_kernel_(\d+)\.cpp:\d")
_SEVERITY = re.compile(r": (?:fatal )?(error|warning): ")

# No Python.h here: parsing it would cost as much as four small kernels.
_TRAMPOLINE_PROLOGUE = """
#include <exception>
#include <string>

namespace joint_trampolines {
static const char* current_message() {
    static thread_local std::string message;
    try {
        throw;
    } catch (std::exception const& e) {
        message = e.what();
    } catch (...) {
        message = "unhandled error";
    }
    return message.c_str();
}
}
"""


@dataclass(frozen=True)
class JointKernel:
    """One kernel, ready to be joined: C++ argument types, its ``#include`` lines, and its text without them."""

    argtypes: tuple[str, ...]
    includes: tuple[str, ...]
    body: str


def split_kernel(argtypes: Sequence[str], source: str) -> JointKernel | None:
    """Separate a kernel's includes from its text; None if it is not of the one shape that is safe to join.

    That shape is: exactly one ``extern "C" ... void kernel(...)``, and no preprocessor directive besides
    ``#include`` and ``#pragma`` (a macro would leak into the kernels that follow).
    """
    if len(_ENTRY.findall(source)) != 1 or len(re.findall(r'extern\s+"C"', source)) != 1:
        return None
    if _OTHER_DIRECTIVE.search(source):
        return None
    includes = tuple(_INCLUDE.findall(source))
    # The blank lines left behind keep line numbers as they were.
    body = _ENTRY.sub(lambda match: match["between"], _INCLUDE.sub("", source))
    return JointKernel(tuple(argtypes), includes, body)


def entry_name(index: int) -> str:
    """Symbol, in the joint library, of the kernel at ``index``."""
    return f"joint_entry_{index}"


def join_kernels(kernels: Sequence[JointKernel]) -> str:
    """C++ source of one shared library that exports every kernel as ``entry_name(index)``.

    An entry takes what its kernel takes, and returns null, or the message of the exception that was thrown.
    """
    includes = dict.fromkeys(line for kernel in kernels for line in kernel.includes)
    bodies = [
        f'namespace joint_kernel_{index} {{\n#line 1 "joint_kernel_{index}.cpp"\n{kernel.body}\n}}\n'
        for index, kernel in enumerate(kernels)
    ]
    entries = [_trampoline(index, kernel.argtypes) for index, kernel in enumerate(kernels)]
    return "\n".join([*includes, *bodies, '#line 1 "joint_trampolines.cpp"', _TRAMPOLINE_PROLOGUE, *entries, ""])


def _trampoline(index: int, argtypes: Sequence[str]) -> str:
    parameters = ", ".join(f"{argtype} a{position}" for position, argtype in enumerate(argtypes))
    arguments = ", ".join(f"a{position}" for position in range(len(argtypes)))
    # Its line carries the kernel's file name, so that an argument type that does not fit is blamed on the kernel.
    return (
        f'#line 1 "joint_kernel_{index}.cpp"\n'
        f'extern "C" const char* {entry_name(index)}({parameters}) {{ '
        f"try {{ joint_kernel_{index}::kernel({arguments}); return nullptr; }} "
        "catch (...) { return joint_trampolines::current_message(); } }"
    )


def guilty_kernels(messages: str) -> set[int]:
    """Indices of the kernels that the errors (not the warnings) among a C++ compiler's ``messages`` speak of.

    GCC names the line that instantiated a template before the error, Clang in notes after it; both count.
    """
    guilty: set[int] = set()
    context: set[int] = set()
    in_error = False
    for line in messages.splitlines():
        named = {int(index) for index in _OWN_FILE.findall(line)}
        severity = _SEVERITY.search(line)
        if severity is None:
            context |= named
            if in_error and ": note: " in line:
                guilty |= named
            continue
        in_error = severity[1] == "error"
        if in_error:
            guilty |= named | context
        context = set()
    return guilty
