"""The folders at the root are the packages `tensorsmith.<folder>`, in a wheel and in an editable install."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
PACKAGE_DIR: dict[str, str] = SETUPTOOLS["package-dir"]
PACKAGES: list[str] = SETUPTOOLS["packages"]
FOLDERS = {package: folder for package, folder in PACKAGE_DIR.items() if package != "tensorsmith"}

EXTENSION = PurePosixPath("tensorsmith/fuzz/coverage/native/_breakpoints.abi3.so")


def python(code: str, cwd: Path) -> str:
    """Run `code` in a fresh interpreter in `cwd` and return what it printed."""
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def built(folder: Path, compiler: str) -> frozenset[PurePosixPath]:
    """The names of the files in a wheel, built from a copy so that a stale `build/` cannot leak into it."""
    source, out = folder / "tensorsmith", folder / "wheel"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "*.so", "build", "dist", "campaigns")
    shutil.copytree(ROOT, source, ignore=ignored)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    environment = {**os.environ, "CC": compiler}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return frozenset(PurePosixPath(name) for name in archive.namelist())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> frozenset[PurePosixPath]:
    """The names of the files in a wheel."""
    return built(tmp_path_factory.mktemp("wheel"), "cc")


def test_wheel_holds_nothing_outside_tensorsmith(wheel: frozenset[PurePosixPath]) -> None:
    tops = {path.parts[0] for path in wheel}
    (dist_info,) = tops - {"tensorsmith"}
    assert dist_info.startswith("tensorsmith-")
    assert dist_info.endswith(".dist-info")


def test_wheel_holds_every_source_file(wheel: frozenset[PurePosixPath]) -> None:
    sources = {
        PurePosixPath(*package.split("."), *path.relative_to(ROOT / folder).parts)
        for package, folder in PACKAGE_DIR.items()
        for path in (ROOT / folder).rglob("*.py")
    }
    assert PurePosixPath("tensorsmith/ir/__init__.py") in sources
    assert sources <= wheel, f"not in the wheel: {sorted(map(str, sources - wheel))}"


def test_wheel_holds_the_extension(wheel: frozenset[PurePosixPath]) -> None:
    assert EXTENSION in wheel


def test_wheel_without_a_compiler_lacks_the_extension_only(wheel: frozenset[PurePosixPath], tmp_path: Path) -> None:
    without = built(tmp_path, "/bin/false")
    assert {path for path in wheel if "dist-info" not in path.parts[0]} - without == {EXTENSION}


def test_wheel_holds_type_marker_and_data(wheel: frozenset[PurePosixPath]) -> None:
    data = {
        PurePosixPath("tensorsmith/generators/data") / path.name for path in (ROOT / "generators" / "data").glob("*")
    }
    assert data | {PurePosixPath("tensorsmith/py.typed")} <= wheel


def test_every_sub_package_is_listed() -> None:
    found = {
        ".".join([package, *init.parent.relative_to(ROOT / folder).parts])
        for package, folder in PACKAGE_DIR.items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert sorted(found) == sorted(PACKAGES), "add the sub-package to `packages` in pyproject.toml"


def test_typing_links_match_the_package_map() -> None:
    links = {path.name: path.resolve() for path in (ROOT / ".typing" / "tensorsmith").iterdir()}
    expected = {package.removeprefix("tensorsmith."): ROOT / folder for package, folder in FOLDERS.items()}
    assert links == expected | {"__init__.py": ROOT / "tensorsmith" / "__init__.py"}


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_folder_is_no_top_level_package(folder: str) -> None:
    assert importlib.util.find_spec(folder) is None


def test_tests_have_no_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_importing_tensorsmith_loads_no_compiler(tmp_path: Path) -> None:
    code = "import sys, tensorsmith; print(sorted({'torch', 'tvm', 'onnxruntime'} & sys.modules.keys()))"
    assert python(code, cwd=tmp_path) == "[]"


@pytest.mark.parametrize("package", PACKAGE_DIR)
def test_editable_install_resolves_to_the_repository(package: str, tmp_path: Path) -> None:
    code = f"from importlib.util import find_spec; print(find_spec({package!r}).origin)"
    assert Path(python(code, cwd=tmp_path)) == ROOT / PACKAGE_DIR[package] / "__init__.py"
