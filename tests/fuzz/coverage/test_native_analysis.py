"""Functions, blocks and source files of a library, beside what the binutils say, and damaged files."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tensorsmith.fuzz.coverage.native.analysis import Analysis, analyse, blocks_of
from tensorsmith.fuzz.coverage.native.elf import dynamic_symbols, open_library
from tensorsmith.ir.errors import InvalidInputError


@pytest.fixture
def analysis(toy: Path, own_cache: Path) -> Analysis:
    return analyse(toy)


def disassembled(toy: Path) -> set[int]:
    """The addresses of instructions, by objdump."""
    done = subprocess.run(["objdump", "-d", "-j", ".text", str(toy)], capture_output=True, text=True, check=True)
    return {int(match, 16) for match in re.findall(r"^ +([0-9a-f]+):\t", done.stdout, re.MULTILINE)}


def position(analysis: Analysis, name: str) -> int:
    start = dict(dynamic_symbols(analysis.library))[name]
    (found,) = np.flatnonzero(analysis.functions.start == start)
    return int(found)


def test_functions_are_those_of_the_symbols(toy: Path, analysis: Analysis) -> None:
    done = subprocess.run(["nm", "-D", "-S", "--defined-only", str(toy)], capture_output=True, text=True, check=True)
    sizes = {int(at, 16): int(size, 16) for at, size in re.findall(r"^(\w+) (\w+) T ", done.stdout, re.MULTILINE)}
    found = dict(zip(analysis.functions.start.tolist(), analysis.functions.size.tolist(), strict=True))
    assert len(sizes) >= 9
    assert sizes.items() <= found.items()


def test_only_functions_with_handlers_are_said_to_have_them(analysis: Analysis) -> None:
    handles = analysis.functions.handles_exceptions
    assert handles[position(analysis, "caught")]
    assert handles[position(analysis, "together")]
    assert not handles[position(analysis, "loop")]


def test_blocks_begin_at_instructions_and_every_function_has_its_entry(toy: Path, analysis: Analysis) -> None:
    blocks = blocks_of(analysis, "block", "own")
    offsets = set(blocks.offset.tolist())
    assert offsets <= disassembled(toy)
    entries = set(analysis.functions.start[analysis.owned_by("own")].tolist())
    assert entries - offsets == {analysis.functions.start[position(analysis, "trap")]}
    assert len(offsets) == len(blocks)
    start, size = analysis.functions.start[blocks.function], analysis.functions.size[blocks.function]
    assert np.all((start <= blocks.offset) & (blocks.offset < start + size))


def test_every_case_of_a_jump_table_is_a_block(analysis: Analysis) -> None:
    blocks = blocks_of(analysis, "block", "own")
    assert np.count_nonzero(blocks.function == position(analysis, "classify")) >= 9


@pytest.mark.parametrize("name", ["odd", "overlapping"])
def test_a_function_with_data_or_with_a_jump_into_an_instruction_has_its_entry_only(
    analysis: Analysis, name: str
) -> None:
    blocks = blocks_of(analysis, "block", "own")
    assert blocks.unswept == 2
    (only,) = np.flatnonzero(blocks.function == position(analysis, name))
    assert blocks.offset[only] == analysis.functions.start[position(analysis, name)]


def test_an_instruction_that_traps_by_itself_is_no_place_for_a_breakpoint(analysis: Analysis) -> None:
    blocks = blocks_of(analysis, "block", "own")
    assert 0xCC not in [analysis.library.code(int(offset), 1)[0] for offset in blocks.offset]


def test_a_function_that_names_its_source_file_is_of_that_file(analysis: Analysis) -> None:
    assert analysis.file_of(position(analysis, "fold")) == "/build/src/passes/fold.cc"
    assert analysis.file_of(position(analysis, "zip")) == "/build/third_party/zip/zip.cc"
    assert analysis.file_of(position(analysis, "loop")) is None


def test_code_after_that_of_another_owner_is_not_its_own(analysis: Analysis) -> None:
    own, others = analysis.owned_by("own"), analysis.owned_by("third-party")
    assert position(analysis, "fold") in own
    assert position(analysis, "zip") in others
    assert len(own) + len(others) == len(analysis.functions)


def test_an_owner_that_does_not_exist_is_refused(analysis: Analysis) -> None:
    with pytest.raises(InvalidInputError, match="no owner 'mine' of code: there are own, cold, llvm"):
        analysis.owned_by("mine")


def test_the_cache_gives_what_the_analysis_gave(toy: Path, own_cache: Path, analysis: Analysis) -> None:
    first = blocks_of(analysis, "block", "own")
    assert len(list(own_cache.iterdir())) == 2
    again = analyse(toy)
    second = blocks_of(again, "block", "own")
    assert isinstance(second.offset.base, np.memmap)
    assert np.array_equal(first.offset, second.offset)
    assert np.array_equal(first.function, second.function)
    assert np.array_equal(analysis.owner, again.owner)
    assert analysis.files == again.files


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "manifest"])
def test_a_damaged_cache_is_made_again(toy: Path, own_cache: Path, analysis: Analysis, damage: str) -> None:
    first = np.array(blocks_of(analysis, "block", "own").offset)
    (file,) = own_cache.glob("*-own/offset.npy")
    data = bytearray(file.read_bytes())
    if damage == "flip":
        data[-1] ^= 1
        file.write_bytes(data)
    elif damage == "cut":
        file.write_bytes(data[:-4])
    elif damage == "remove":
        file.unlink()
    else:
        file.with_name("manifest.json").write_text("{")
    assert np.array_equal(blocks_of(analyse(toy), "block", "own").offset, first)
    assert np.array_equal(np.load(file), first)


def test_another_build_has_another_name_in_the_cache(toy: Path, own_cache: Path, tmp_path: Path) -> None:
    data = bytearray(toy.read_bytes())
    note = b"".join(word.to_bytes(4, "little") for word in (4, 20, 3)) + b"GNU\0"
    data[data.index(note) + len(note)] ^= 1
    (tmp_path / "libtoy.so").write_bytes(data)
    assert open_library(tmp_path / "libtoy.so").identity != open_library(toy).identity


@pytest.mark.parametrize("share", [0.0, 0.001, 0.003, 0.02, 0.3, 0.6, 0.99])
def test_a_file_cut_short_gives_one_clear_line(toy: Path, tmp_path: Path, own_cache: Path, share: float) -> None:
    data = toy.read_bytes()
    cut = tmp_path / "cut.so"
    cut.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InvalidInputError) as raised:
        analyse(cut)
    text = str(raised.value)
    assert text.startswith(f"{cut}: ")
    assert "\n" not in text
    assert "cut short" in text or "not a sound ELF file" in text


def test_a_file_that_is_no_library_gives_one_clear_line(tmp_path: Path) -> None:
    other = tmp_path / "other.so"
    other.write_text("INPUT(libother.so.1)\n" * 100)
    with pytest.raises(InvalidInputError, match=r"other\.so: not a sound ELF file: "):
        open_library(other)
    with pytest.raises(InvalidInputError, match=r"absent\.so: No such file"):
        open_library(tmp_path / "absent.so")


def test_a_library_for_another_machine_is_refused(toy: Path, tmp_path: Path, own_cache: Path) -> None:
    data = bytearray(toy.read_bytes())
    data[18] = 183  # EM_AARCH64
    (tmp_path / "arm.so").write_bytes(data)
    with pytest.raises(InvalidInputError, match=r"arm\.so: is for aarch64; known are x86_64"):
        analyse(tmp_path / "arm.so")
