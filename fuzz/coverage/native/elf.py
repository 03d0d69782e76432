"""What an ELF shared library says of itself: its segments, its sections, its build-id and its dynamic symbols."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError

Bytes = npt.NDArray[np.uint8]
Addresses = npt.NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True)
class Segment:
    """`size` bytes of the file from `offset` on, which are mapped at `address` from the base of the image."""

    address: int
    offset: int
    size: int
    executable: bool


@dataclass(frozen=True)
class Library:
    """A shared library on disk. All addresses are relative to the base of the image.

    Attributes:
        path: where it is, without links.
        machine: `x86_64`, `aarch64`, or the name of another machine in the ELF standard.
        identity: names this build of it: the build-id, or a hash of the whole file, and a hash of the headers, which
            tools that edit a library change.
        contents: uint8, the bytes of the file; mapped, not read.
        segments: the parts that are mapped.
        text: first address, and first one after it, of the code, without the linker's own stubs.
        unwind_table: the address of `.eh_frame_hdr`, or None.
    """

    path: Path
    machine: str
    identity: str
    contents: Bytes
    segments: tuple[Segment, ...]
    text: tuple[int, int]
    unwind_table: int | None

    def offset(self, address: int) -> int | None:
        """Where in the file the byte at an address is; None if the file does not hold it."""
        for segment in self.segments:
            if segment.address <= address < segment.address + segment.size:
                return address - segment.address + segment.offset
        return None

    def code(self, start: int, size: int) -> Bytes:
        """The bytes of [start, start + size), which must lie in one segment."""
        offset = self.offset(start)
        assert offset is not None
        return self.contents[offset : offset + size]


def open_library(path: Path) -> Library:
    """Read the headers of a shared library.

    Raises:
        InvalidInputError: it is no ELF file of 64 bits, little-endian, or it is cut short or damaged; names the file.
        EnvironmentLacksError: pyelftools is not installed.
    """
    return _read(path.resolve(), _library)


def dynamic_symbols(library: Library) -> list[tuple[str, int]]:
    """The dynamic symbols that a library defines, with their addresses. Raises what `open_library` does."""
    return _read(library.path, lambda path, elf: list(_symbols(elf)))


def _read(path: Path, what: Callable[[Path, Any], T]) -> T:
    try:
        from elftools.common.exceptions import ELFError
        from elftools.construct.core import ConstructError
        from elftools.elf.elffile import ELFFile
    except ImportError:
        raise EnvironmentLacksError("native coverage needs pyelftools: pip install 'tensorsmith[coverage]'") from None
    # The parser lets all of these through where a header points out of the file.
    damaged = (ELFError, ConstructError, ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)
    try:
        with path.open("rb") as file:
            return what(path, ELFFile(file))
    except damaged as error:
        raise InvalidInputError(f"{path}: not a sound ELF file: {_one_line(error)}") from None
    except OSError as error:
        raise InvalidInputError(f"{path}: {error.strerror}") from None


def _library(path: Path, elf: Any) -> Library:
    if elf.elfclass != 64 or not elf.little_endian:
        raise InvalidInputError(f"{path}: not an ELF file of 64 bits, little-endian")
    segments = tuple(
        Segment(header["p_vaddr"], header["p_offset"], header["p_filesz"], bool(header["p_flags"] & 1))
        for header in elf.iter_segments("PT_LOAD")
    )
    size = path.stat().st_size
    needed = max(
        [segment.offset + segment.size for segment in segments] + [elf["e_shoff"] + elf["e_shnum"] * elf["e_shentsize"]]
    )
    if needed > size:
        raise InvalidInputError(f"{path}: cut short: it has {size} of {needed} bytes")
    if not any(segment.executable for segment in segments):
        raise InvalidInputError(f"{path}: has no code")
    contents: Bytes = np.memmap(path, dtype=np.uint8, mode="r")
    unwind = next((header["p_vaddr"] for header in elf.iter_segments("PT_GNU_EH_FRAME")), None)
    machine = str(elf["e_machine"]).removeprefix("EM_").lower()
    return Library(
        path,
        machine,
        _identity(elf, contents),
        contents,
        segments,
        _text(elf, segments),
        unwind,
    )


def _identity(elf: Any, contents: Bytes) -> str:
    notes = (note for segment in elf.iter_segments("PT_NOTE") for note in segment.iter_notes())
    build = next((str(note["n_desc"]) for note in notes if note["n_type"] == "NT_GNU_BUILD_ID"), None)
    if build is None:
        elf.stream.seek(0)
        build = hashlib.file_digest(elf.stream, "sha256").hexdigest()[:40]
    headers = hashlib.sha256(contents[:4096].tobytes() + str(len(contents)).encode()).hexdigest()
    return f"{build}-{headers[:8]}"


def _text(elf: Any, segments: tuple[Segment, ...]) -> tuple[int, int]:
    section = elf.get_section_by_name(".text")
    if section is not None and section["sh_size"]:
        return section["sh_addr"], section["sh_addr"] + section["sh_size"]
    code = next(segment for segment in segments if segment.executable)
    return code.address, code.address + code.size


def _symbols(elf: Any) -> Iterator[tuple[str, int]]:
    table = elf.get_section_by_name(".dynsym")
    if table is None:
        return
    for symbol in table.iter_symbols():
        if symbol["st_shndx"] != "SHN_UNDEF" and symbol["st_value"]:
            yield symbol.name, symbol["st_value"]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
