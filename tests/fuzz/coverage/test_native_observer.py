"""What is new, and full sets that are the same whenever they are taken."""

from collections.abc import Callable

Printed = Callable[[str], str]


def test_only_what_no_call_before_executed_is_new(printed: Printed) -> None:
    code = """
c = NativeCoverage.arm(path)
toy.classify(0)
first = c.new_hits()
toy.classify(0)
print(len(first) > 0, len(c.new_hits()))
seen = [set(first.tolist())]
for kind in range(1, 8):
    toy.classify(kind)
    fresh = set(c.new_hits().tolist())
    assert fresh and not any(fresh & other for other in seen), kind
    seen.append(fresh)
print(sorted(set().union(*seen)) == c.hit.tolist())
"""
    assert printed(code).split() == ["True", "0", "True"]


def test_a_full_set_does_not_depend_on_what_ran_before(printed: Printed) -> None:
    code = """
c = NativeCoverage.arm(path)
early = c.full_set(lambda: toy.classify(3))
for kind in range(8):
    toy.classify(kind), toy.loop(9), toy.caught(-1)
c.new_hits()
late = c.full_set(lambda: toy.classify(3))
other = c.full_set(lambda: toy.classify(4))
print(functions_of(c, early), early.tolist() == late.tolist(), late.tolist() != other.tolist())
toy.classify(3), toy.classify(4)
print(c.new_hits().tolist(), c.unstable.tolist())
"""
    assert printed(code) == "{'classify'} True True\n[] []"


def test_blocks_that_not_every_run_executes_are_masked(printed: Printed) -> None:
    code = """
c = NativeCoverage.arm(path)
stable = c.full_set(toy.alternate)
print(functions_of(c, stable), "loop" in functions_of(c, c.unstable))
print("loop" in functions_of(c, c.full_set(lambda: toy.loop(2))))
"""
    assert printed(code) == "{'alternate'} True\nFalse"


def test_a_run_that_raises_leaves_no_breakpoint_that_was_hit_before(printed: Printed) -> None:
    code = """
c = NativeCoverage.arm(path)
toy.classify(3)
c.new_hits()
def fails():
    raise KeyError("test")
try:
    c.full_set(fails)
except KeyError:
    toy.classify(3)
    print(c.new_hits().tolist())
"""
    assert printed(code) == "[]"


def test_skipped_blocks_are_not_new(printed: Printed) -> None:
    code = """
c = NativeCoverage.arm(path)
c.skip(np.flatnonzero(c.blocks.function == c.blocks.function[np.searchsorted(c.blocks.offset, entry("loop")[0])]))
toy.loop(3), toy.classify(1)
print(functions_of(c, c.new_hits()))
"""
    assert printed(code) == "{'classify'}"


def test_blocks_that_others_found_unstable_are_masked(printed: Printed) -> None:
    code = """
c = NativeCoverage.arm(path)
before = c.full_set(lambda: toy.classify(1))
c.mask(before[:1])
print(c.full_set(lambda: toy.classify(1)).tolist() == before[1:].tolist(), c.unstable.tolist() == before[:1].tolist())
"""
    assert printed(code) == "True True"


def test_a_stopped_observer_sees_nothing(printed: Printed) -> None:
    assert printed("c = NativeCoverage.arm(path); c.stop(); toy.loop(3); print(c.new_hits().tolist())") == "[]"


def test_functions_need_no_decoder(printed: Printed) -> None:
    code = """
sys.modules["capstone"] = None
c = NativeCoverage.arm(path, "function")
toy.loop(3), toy.classify(1), toy.odd(1)
print(sorted(functions_of(c, c.new_hits())), len(c.blocks) == len(set(c.blocks.function.tolist())))
"""
    assert printed(code) == "['classify', 'loop', 'odd'] True"


def test_blocks_without_a_decoder_name_the_extra(printed: Printed) -> None:
    code = 'sys.modules["capstone"] = None; refused(lambda: NativeCoverage.arm(path))'
    assert printed(code).startswith("coverage of blocks needs capstone: pip install 'tensorsmith[coverage]'")
