"""What the screens print, and when."""

import io

import msgspec
from rich.console import Console

from tensorsmith.corpus.findings import Finding
from tensorsmith.fuzz.messages import Origin
from tensorsmith.fuzz.screen import LiveScreen, PlainScreen, clock, progress_line, screen_for, ways_table
from tensorsmith.fuzz.statistics import Snapshot, Way, way_counts
from tensorsmith.oracles.verdict import Verdict

NOTHING = Snapshot(0, 0, {}, 0.0, 0, {}, {}, {}, 0.0, {}, {})
LATER = Snapshot(
    tests=1234,
    valid=1187,
    invalid={"nonfinite": 26, "eager-error": 15, "[odd]": 6},
    tests_per_second=5.0,
    corpus=210,
    coverage={"lines": 4000},
    findings={"confirmed": 3, "flaky": 1},
    time={"compile": 200.0, "eager": 50.0},
    elapsed=754.0,
    limitations={},
    ways={"generate": Way(600, 590, 200, 3, 1.5), "insert": Way(300, 270, 30, 0, 3.0)},
)
FINDING = Finding("abc", {}, "crash", "inductor", "c", "o", status="confirmed", summary="signal 11\nmore")


def test_a_line_has_the_figures() -> None:
    assert progress_line(LATER, msgspec.structs.replace(NOTHING, tests=234, elapsed=554.0)) == (
        "12:34 tests 1234 (5.0/s) valid 96.2% [nonfinite 2.1%, eager-error 1.2%, [odd] 0.5%] "
        "corpus 210 lines 4000 findings 3 confirmed, 1 flaky"
    )


def test_a_line_before_the_first_test() -> None:
    assert progress_line(NOTHING, NOTHING) == "0:00 tests 0 (0.0/s) valid - corpus 0 findings 0"


def test_what_each_mutator_brought_is_a_table() -> None:
    out = io.StringIO()
    Console(file=out, width=100).print(ways_table(LATER))
    rows = [line.split() for line in out.getvalue().splitlines()]
    assert rows[1] == ["generate", "600", "98.3%", "200", "3", "2.5", "133.33"]
    assert rows[2] == ["insert", "300", "90.0%", "30", "0", "10.0", "10.00"]


def test_a_mutant_counts_for_each_of_its_mutators_once() -> None:
    origin = Origin("parent", ("insert", "delete", "insert"))
    counts = way_counts(origin, Verdict("fail", "differential"), False, 0.5)
    assert counts == {
        "way:insert:tests": 1, "way:insert:valid": 1, "way:insert:failed": 1, "way:insert:seconds": 0.5,
        "way:delete:tests": 1, "way:delete:valid": 1, "way:delete:failed": 1, "way:delete:seconds": 0.5,
    }  # fmt: skip
    assert way_counts(Origin(), Verdict("pass", "differential"), True, 0.0) == {
        "way:generate:tests": 1, "way:generate:valid": 1, "way:generate:new": 1,
    }  # fmt: skip


def test_clock() -> None:
    assert [clock(5), clock(754.9), clock(3661)] == ["0:05", "12:34", "1:01:01"]


def test_lines_come_after_a_quarter_of_a_minute_and_then_every_minute() -> None:
    out = io.StringIO()
    screen = PlainScreen(Console(file=out, width=40))
    start = 1000  # of a campaign that was resumed
    printed = []
    for second in range(start, start + 200):
        before = out.tell()
        screen.update(msgspec.structs.replace(LATER, elapsed=float(second)))
        if out.tell() > before:
            printed.append(second - start)
    assert printed == [15, 75, 135, 195]
    assert all(line.endswith("1 flaky") for line in out.getvalue().splitlines())  # not folded at 40


def test_findings_and_messages_are_lines() -> None:
    out = io.StringIO()
    screen = PlainScreen(Console(file=out))
    screen.finding(FINDING)
    screen.message("resumed [x]")
    assert out.getvalue() == "confirmed abc crash inductor [] signal 11\nresumed [x]\n"


def test_the_screen_suits_the_output() -> None:
    assert isinstance(screen_for(Console(file=io.StringIO())), PlainScreen)
    screen = screen_for(Console(file=io.StringIO(), force_terminal=True))
    screen.close()
    assert isinstance(screen, LiveScreen)


def test_the_live_screen_shows_the_same_figures() -> None:
    out = io.StringIO()
    screen = LiveScreen(Console(file=out, force_terminal=True, width=100, color_system=None))
    screen.update(NOTHING)
    screen.update(LATER)
    screen.finding(FINDING)
    screen.close()
    text = out.getvalue()
    assert "nonfinite 26, eager-error 15, [odd] 6" in text
    assert "compile 80.0%" in text
    assert "confirmed abc crash" in text
