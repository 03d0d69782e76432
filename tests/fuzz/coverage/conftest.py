"""A small library in C++ and assembly, and scenarios in processes of their own: none is armed in pytest's."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SOURCE = r"""
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

extern "C" {

int classify(int kind) {  // a jump table, each case with work of its own
    static volatile int sink;
    switch (kind) {
        case 0: sink = 3; return sink * 7;
        case 1: sink = 5; return sink + 11;
        case 2: sink = 7; return sink - 13;
        case 3: sink = 9; return sink ^ 17;
        case 4: sink = 11; return sink | 19;
        case 5: sink = 13; return sink & 23;
        case 6: sink = 15; return sink << 2;
        default: sink = 17; return -sink;
    }
}

__attribute__((noinline)) static int check(int value) {
    if (value < 0) throw std::runtime_error("negative");
    return value;
}

int caught(int value) {
    try {
        return check(value) + 1;
    } catch (const std::runtime_error &) {
        return -1;
    }
}

int loop(int times) {
    volatile int total = 0;
    for (int i = 0; i < times; i++) total = total + (i % 3 ? 1 : 2);
    return total;
}

// The sum over threads that all enter the same code at once.
int together(int threads) {
    std::atomic<int> ready{0}, total{0};
    std::vector<std::thread> all;
    for (int i = 0; i < threads; i++)
        all.emplace_back([&, threads] {
            ready++;
            while (ready < threads) std::this_thread::yield();
            total += loop(30) + classify(1) + caught(-1);
        });
    for (auto &one : all) one.join();
    return total;
}

int alternate() {  // another way at every other call
    static volatile int calls;
    calls = calls + 1;
    if (calls % 2) return loop(2);
    return 0;
}

void segfault() { *(volatile int *)nullptr = 1; }
void trap() { asm volatile("int3"); }
int odd(int value);
int overlapping(int value);
}

// Data in the code: the sweep does not arrive at the end. And a jump over the prefix of an instruction.
asm(R"(
    .text
    .globl odd
    .type odd, @function
odd:
    .cfi_startproc
    lea 1(%rdi), %eax
    jmp 1f
    .byte 0x06, 0x06, 0x06
1:  ret
    .cfi_endproc
    .size odd, .-odd
    .globl overlapping
    .type overlapping, @function
overlapping:
    .cfi_startproc
    mov %edi, %eax
    push %rax
    test %edi, %edi
    jz 1f + 1
1:  lock incl (%rsp)
    pop %rax
    ret
    .cfi_endproc
    .size overlapping, .-overlapping
)");

#line 7 "/build/src/passes/fold.cc"
extern "C" const char *fold() { return __FILE__; }
#line 9 "/build/third_party/zip/zip.cc"
extern "C" const char *zip() { return __FILE__; }
"""

PRELUDE = """
import ctypes, os, signal, sys, threading
import numpy as np
from pathlib import Path
from tensorsmith.fuzz.coverage.native.analysis import analyse
from tensorsmith.fuzz.coverage.native.blocks import entries
from tensorsmith.fuzz.coverage.native.breakpoints import Breakpoints
from tensorsmith.fuzz.coverage.native.elf import dynamic_symbols
from tensorsmith.fuzz.coverage.native.observer import NativeCoverage
from tensorsmith.ir.errors import TensorsmithError

path = Path(sys.argv[1])
toy = ctypes.CDLL(str(path))

def functions_of(coverage, hits):
    names = {address: name for name, address in dynamic_symbols(coverage.analysis.library)}
    starts = coverage.analysis.functions.start[coverage.blocks.function[hits]]
    return {names.get(int(start), "") for start in starts} - {""}

def entry(name):
    return np.array([dict(dynamic_symbols(analyse(path).library))[name]], np.uint32)

def refused(work):
    try:
        work()
    except TensorsmithError as error:
        print(error)
    else:
        print("not refused")
"""

Scenario = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small library, stripped of all but its dynamic symbols."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "toy.cc").write_text(SOURCE)
    out = folder / "libtoy.so"
    options = ["-shared", "-fPIC", "-O2", "-std=c++17", "-pthread", "-s", "-Wl,--build-id"]
    subprocess.run(["g++", *options, "-o", str(out), str(folder / "toy.cc")], check=True)
    return out


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tensorsmith" / "coverage"


@pytest.fixture
def scenario(toy: Path, own_cache: Path, tmp_path: Path) -> Scenario:
    """Runs code in a fresh process that has loaded the small library as `toy`, its file being `path`."""

    def run(code: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", PRELUDE + code, str(toy)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ))

    return run


@pytest.fixture
def printed(scenario: Scenario) -> Callable[[str], str]:
    """Runs a scenario that must end well, and gives what it printed."""

    def run(code: str) -> str:
        done = scenario(code)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run
