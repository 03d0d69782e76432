"""Breakpoints strike once, and what the library does is what it does without them."""

import signal
import subprocess
from collections.abc import Callable

import pytest

from tensorsmith.fuzz.coverage.native import breakpoints
from tensorsmith.ir.errors import EnvironmentLacksError

Printed = Callable[[str], str]
Scenario = Callable[[str], "subprocess.CompletedProcess[str]"]


def test_results_are_those_without_breakpoints(printed: Printed) -> None:
    calls = "[toy.classify(n) for n in range(9)], toy.caught(3), toy.caught(-3), toy.odd(4), toy.overlapping(4)"
    before, after, again = printed(
        f"print({calls}); c = NativeCoverage.arm(path); print({calls}); print({calls})"
    ).splitlines()
    assert before == after == again


def test_an_exception_passes_through_frames_with_breakpoints(printed: Printed) -> None:
    code = """
c = NativeCoverage.arm(path)
assert toy.caught(1) == 2
without = c.new_hits()
assert toy.caught(-1) == -1
thrown = c.new_hits()
print(len(without) > 0, len(thrown) > 0, set(without) & set(thrown))
"""
    assert printed(code) == "True True set()"


def test_threads_that_meet_at_a_breakpoint_note_it_once(printed: Printed) -> None:
    code = """
library = analyse(path).library
c = NativeCoverage.arm(path)
expected = toy.together(8)
c.new_hits()
every = c.blocks.offset[c.hit]
for _ in range(60):
    c._breakpoints.arm(every)
    assert toy.together(8) == expected
    hits = c._breakpoints.hits()
    assert len(hits) == len(set(hits)) and set(hits) <= set(every), hits
    assert set(entry("loop")) <= set(hits) and set(entry("classify")) <= set(hits)
print("sound")
"""
    assert printed(code) == "sound"


def test_a_forked_process_has_the_breakpoints_and_notes_its_own_hits(printed: Printed) -> None:
    code = """
c = NativeCoverage.arm(path)
toy.loop(3)
c.new_hits()
child = os.fork()
if child == 0:
    toy.loop(3), toy.classify(2)
    os._exit(0 if functions_of(c, c.new_hits()) == {"classify"} else 1)
print(os.waitpid(child, 0)[1], c.new_hits().tolist())
toy.classify(2)
print(functions_of(c, c.new_hits()))
"""
    assert printed(code) == "0 []\n{'classify'}"


def test_a_trap_of_the_program_itself_goes_to_the_handler_before_ours(printed: Printed) -> None:
    code = """
seen = []
signal.signal(signal.SIGTRAP, lambda number, frame: seen.append(number))
c = NativeCoverage.arm(path)
toy.trap()
os.kill(os.getpid(), signal.SIGTRAP)
toy.loop(2)
print(len(seen), functions_of(c, c.new_hits()))
"""
    assert printed(code) == "2 {'loop'}"


@pytest.mark.parametrize("call", ["toy.trap()", "os.kill(os.getpid(), signal.SIGTRAP)"])
def test_a_trap_of_the_program_itself_kills_it_where_nothing_handles_it(scenario: Scenario, call: str) -> None:
    assert scenario(f"NativeCoverage.arm(path); {call}").returncode == -signal.SIGTRAP


def test_a_trap_that_was_sent_is_ignored_where_that_was_so(printed: Printed) -> None:
    code = """
signal.signal(signal.SIGTRAP, signal.SIG_IGN)
NativeCoverage.arm(path)
os.kill(os.getpid(), signal.SIGTRAP)
print("alive")
"""
    assert printed(code) == "alive"


def test_a_crash_is_reported_as_without(scenario: Scenario) -> None:
    crash = "import faulthandler; faulthandler.enable(); toy.segfault()"
    without, observed = scenario(crash), scenario(f"NativeCoverage.arm(path); {crash}")
    assert without.returncode == observed.returncode == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in without.stderr
    assert "Fatal Python error: Segmentation fault" in observed.stderr


def test_a_thread_that_blocks_the_signal_is_refused(printed: Printed) -> None:
    code = """
ready, done = threading.Event(), threading.Event()
def block():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTRAP})
    ready.set(), done.wait()
thread = threading.Thread(target=block)
thread.start(), ready.wait()
refused(lambda: NativeCoverage.arm(path))
done.set(), thread.join()
NativeCoverage.arm(path)
print("armed")
"""
    first, second = printed(code).splitlines()
    assert first.startswith("native coverage is off: thread ")
    assert first.endswith(" of this process blocks SIGTRAP")
    assert second == "armed"


def test_text_that_cannot_be_written_is_refused(printed: Printed) -> None:
    # A filter of system calls that denies mprotect with the bits of write and execute, as hardened services have it.
    code = """
import platform, struct
load, equal, both, end = 0x20, 0x15, 0x54, 0x06
mprotect, protection, write_and_execute, denied, allowed = 10, 32, 6, 0x50000 | 13, 0x7FFF0000
rows = [
    (load, 0, 0, 0), (equal, 0, 4, mprotect),
    (load, 0, 0, protection), (both, 0, 0, write_and_execute), (equal, 0, 1, write_and_execute),
    (end, 0, 0, denied), (end, 0, 0, allowed),
]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
header = struct.pack("HxxxxxxQ", len(rows), ctypes.addressof(program))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, header) == 0, ctypes.get_errno()
refused(lambda: NativeCoverage.arm(path))
print(toy.loop(3))
"""
    error, result = printed(code).splitlines()
    assert error.startswith("native coverage is off: the code of libtoy.so cannot be made writable (Permission denied)")
    assert result == "4"


def test_offsets_outside_the_code_are_refused_and_none_is_armed(printed: Printed) -> None:
    code = """
library = analyse(path).library
b = Breakpoints(library, 10)
part = next(s for s in library.segments if s.executable)
for wrong in (0, part.address - 1, part.address + part.size, 0xFFFFFFFF):
    refused(lambda: b.arm(np.array([*entry("loop"), wrong], np.uint32)))
toy.loop(2)
print(b.hits().tolist())
"""
    *refusals, hits = printed(code).splitlines()
    assert len(refusals) == 4
    assert all(line.startswith("libtoy.so at offset 0x") and line.endswith("not in its code") for line in refusals)
    assert hits == "[]"


def test_code_that_is_not_that_of_the_file_is_refused(printed: Printed) -> None:
    code = """
b = Breakpoints(analyse(path).library, 10)
address = ctypes.cast(toy.loop, ctypes.c_void_p).value
assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(address & ~4095), 4096, 7) == 0
ctypes.c_ubyte.from_address(address).value ^= 1
refused(lambda: b.arm(entry("loop")))
"""
    assert printed(code).endswith("the code in memory is not that of the file, or a breakpoint")


def test_a_library_that_is_not_loaded_is_refused(printed: Printed) -> None:
    code = """
import shutil
shutil.copy(path, "other.so")
refused(lambda: NativeCoverage.arm(Path("other.so")))
"""
    assert printed(code).endswith("other.so: is not loaded in this process: import its package first")


def test_a_second_observer_of_a_library_is_refused(printed: Printed) -> None:
    code = "c = NativeCoverage.arm(path); refused(lambda: NativeCoverage.arm(path))"
    assert printed(code).endswith("libtoy.so: is observed already in this process")


def test_more_breakpoints_than_hits_have_room_for_are_refused(printed: Printed) -> None:
    code = """
analysis = analyse(path)
b = Breakpoints(analysis.library, 1)
start = entry("together")[0]
refused(lambda: b.arm(np.arange(start, start + 65, dtype=np.uint32)))
print(toy.together(2) == toy.together(2))
"""
    assert printed(code).splitlines() == ["libtoy.so: more breakpoints than were asked for", "True"]


def test_a_handler_that_was_installed_later_is_noticed(printed: Printed) -> None:
    code = """
c = NativeCoverage.arm(path)
signal.signal(signal.SIGTRAP, lambda number, frame: None)
refused(c.new_hits)
refused(lambda: c.full_set(print))
"""
    expected = "native coverage is off: another handler of SIGTRAP was installed after its own"
    assert printed(code).splitlines() == [expected, expected]


def test_without_the_extension_it_says_why_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breakpoints, "_EXTENSION", "absent*.so")
    breakpoints._extension.cache_clear()
    with pytest.raises(EnvironmentLacksError, match="there was no C compiler when tensorsmith was installed"):
        breakpoints._extension()
