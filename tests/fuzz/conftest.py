"""The command line run in this process, and a campaign with findings."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from pyroaring import BitMap

from tensorsmith.corpus.coverage import Reached
from tensorsmith.corpus.findings import Finding
from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.budget import Budget
from tensorsmith.fuzz.cli import main
from tensorsmith.fuzz.engine import run_campaign
from tensorsmith.fuzz.statistics import Snapshot
from tensorsmith.ir.graph import Graph, Input, Node, Ref, TensorType
from tensorsmith.ir.recipe import Drawn, InputRecipe
from tensorsmith.ir.testcase import TestCase, encode
from tensorsmith.oracles.verdict import Verdict
from tensorsmith.triage.signature import signature


class Ran(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `tensorsmith` with the given arguments."""

    def run_command(*arguments: object) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return run_command


@pytest.fixture
def good_case() -> TestCase:
    """A test case on which compiled and eager agree."""
    vector = TensorType("f32", (8,))
    node = Node("aten.add.Tensor", (Ref(0), Ref(0)), (1,), (vector,))
    return TestCase(Graph((Input(0, vector),), (node,), (1,)), InputRecipe((Drawn("normal", 1),)), "aot_eager")


@pytest.fixture
def campaign(tmp_path: Path, good_case: TestCase) -> Path:
    """A campaign with two tests and two findings, whose test cases pass here: as if they were fixed."""
    directory = tmp_path / "campaign"
    with Store.create(directory, Settings(targets=("aot_eager",), seed=3)) as store:
        store.add_to_corpus(good_case, why="first")
        store.coverage.add(good_case.id, 0.5, [Reached("lines", BitMap([0, 1]), BitMap([0, 1]))])
        store.add_counts({"tests": 40, "valid": 30, "elapsed": 8, "invalid:nonfinite": 7, "invalid:eager-error": 3})
        store.add_counts(
            {f"way:insert:{what}": n for what, n in (("tests", 9), ("valid", 8), ("new", 2), ("failed", 1))}
        )
        store.add_counts({"way:insert:seconds": 1.5})
        store.add_counts({"time:compile": 6.5, "time:eager": 0.5, "limitation:no complex": 2})
        for id_, status in (("aa11", "confirmed"), ("ab22", "flaky")):
            verdict = Verdict("fail", "differential", kind="wrong-result", channel="dtype", message=f"message of {id_}")
            finding = Finding(
                id_,
                msgspec.to_builtins(signature(good_case, verdict)),
                "wrong-result",
                "aot_eager",
                good_case.id,
                good_case.id,
                channel="dtype",
                status=status,  # type: ignore[arg-type]
                operators=("aten.add.Tensor",),
                summary="f32 where f64 was expected",
            )
            files: dict[str, str | bytes] = {
                "testcase.json": encode(good_case),
                "verdict.json": msgspec.json.encode(verdict),
                "report.md": f"# Report of {id_}\n",
                "repro.py": "print(1)\n",
            }
            store.upsert_finding(finding, files)
    return directory


@pytest.fixture(scope="session")
def tir_campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign over passes of TVM that ran for some tests with all observers. Copy it to change it."""
    pytest.importorskip("tvm")
    directory = tmp_path_factory.mktemp("campaigns") / "tir"
    run_on(directory, 24)
    return directory


class Messages:
    """A screen that keeps what a person is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def update(self, snapshot: Snapshot) -> None:
        """Nothing to show."""

    def finding(self, finding: Finding) -> None:
        """Nothing to show."""

    def message(self, text: str) -> None:
        self.said.append(text)

    def close(self) -> None:
        """Nothing to close."""


def run_on(directory: Path, tests: int) -> list[str]:
    """Begin a campaign over passes of TVM, or go on with it; gives what people are told."""
    screen = Messages()
    settings = Settings(targets=("tvm-tir",), seed=5, time_limit=20.0)
    run_campaign(directory, settings, Budget(None, tests), screen)
    return screen.said
