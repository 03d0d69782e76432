"""Versions of TVM: one that is too old is named in a line, and of 0.26 only what it has is offered."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tensorsmith.ir.errors import EnvironmentLacksError
from tensorsmith.targets.tvm.adapter import check_ffi_version, check_version
from tensorsmith.targets.tvm.older import numbers


def with_package(directory: Path, version: str, code: str) -> subprocess.CompletedProcess[str]:
    """What code does where a package says that TVM is installed in a version."""
    metadata = directory / f"apache_tvm-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: apache-tvm\nVersion: {version}\n")
    (directory / "tvm").mkdir()
    (directory / "tvm" / "__init__.py").write_text(f'__version__ = "{version}"\n')
    code = f"import sys; sys.path.insert(0, {str(directory)!r})\n{code}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("version", "expected"),
    [("0.25.0", (0, 25)), ("0.26.0", (0, 26)), ("0.27.0.post1", (0, 27)), ("1.0", (1, 0)), ("of our own", (0, 27))],
)
def test_versions_are_compared_by_their_first_two_numbers(version: str, expected: tuple[int, int]) -> None:
    assert numbers(version) == expected


@pytest.mark.parametrize("version", ["0.9.0", "0.25.0", "0.25.1.dev3"])
def test_too_old_a_version_is_said_to_be(version: str) -> None:
    with pytest.raises(EnvironmentLacksError, match=r"Apache TVM 0\..* is not supported: .*pip install 'tensorsmith"):
        check_version(version)


@pytest.mark.parametrize("version", ["0.26.0", "0.27.0.post1", "0.28.0"])
def test_others_are_tried(version: str) -> None:
    check_version(version)


@pytest.mark.parametrize("version", ["0.1.12", "0.1.13.post3", "0.1.15", "0.1.15.post2"])
def test_a_foreign_function_interface_that_fails_is_said_to_be(version: str) -> None:
    with pytest.raises(EnvironmentLacksError, match=r"apache-tvm-ffi .* is not supported: .*ffi==0\.1\.14\.post1"):
        check_ffi_version(version)


@pytest.mark.parametrize("version", ["0.1.14", "0.1.14.post1", "0.1.16", "0.2.0"])
def test_other_foreign_function_interfaces_are_tried(version: str) -> None:
    check_ffi_version(version)


def test_a_campaign_on_a_version_that_is_too_old_ends_with_one_line(tmp_path: Path) -> None:
    ended = with_package(
        tmp_path,
        "0.25.0",
        "from tensorsmith.fuzz.cli import main\n"
        f"sys.argv = ['tensorsmith', 'fuzz', {str(tmp_path / 'c')!r}, '--target', 'tvm-tir', '--tests', '1']\nmain()",
    )
    assert ended.returncode == 3, ended.stderr
    assert ended.stderr.count("Apache TVM 0.25.0 is not supported") == 1
    assert "Traceback" not in ended.stderr


def test_the_list_of_targets_says_that_a_version_is_too_old(tmp_path: Path) -> None:
    ended = with_package(tmp_path, "0.25.0", "from tensorsmith.fuzz.cli import main\nmain(['targets', '--json'])")
    missing = {row["name"]: row["missing"] for row in json.loads(ended.stdout)}
    for name in ("tvm-tir", "tvm-relax", "tvm-relax-import"):
        assert "Apache TVM 0.25.0 is not supported" in missing[name]["cpu"]


WHAT_IS_OFFERED = """
from tensorsmith.targets.tvm.older import in_its_words
from tensorsmith.targets.tvm.passes.catalog import find_pass, passes
from tensorsmith.targets.tvm.passes.defaults import DEFAULT_LOWERING
from tensorsmith.targets.tvm.passes.setting_values import MAY_BE_DISABLED
names = [entry.name for entry in passes()]
print("s_tir.StmtSimplify" in names, "s_tir.ConvertSSA" in names, "tirx.StmtSimplify" in names)
print({step.name for step in DEFAULT_LOWERING} <= {*names}, {*MAY_BE_DISABLED["tir"]} <= {*names})
print([step.name for step in DEFAULT_LOWERING].count("tirx.StmtSimplify"))
print(find_pass("relax.backend.DispatchSortScan").arguments == ())
print(in_its_words('if kind == "TensorLoad": n.source'))
assert "tvm" not in sys.modules
"""


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.26.0", ["False False True", "True True", "2", "True", 'if kind == "BufferLoad": n.buffer']),
        ("0.27.0.post1", ["True True True", "True True", "1", "False", 'if kind == "TensorLoad": n.source']),
    ],
)
def test_what_a_version_lacks_is_not_offered(version: str, expected: list[str], tmp_path: Path) -> None:
    ended = with_package(tmp_path, version, WHAT_IS_OFFERED)
    assert ended.stdout.splitlines() == expected, ended.stderr
