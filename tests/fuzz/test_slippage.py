"""A reduction keeps to its failure, and what it could have slipped to is an alarm of the campaign."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from tensorsmith.corpus.settings import Settings
from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.alarms import Alarms
from tensorsmith.fuzz.fork_server import import_plugin
from tensorsmith.fuzz.screen import PlainScreen
from tensorsmith.fuzz.triage_alarm import triage_alarm
from tensorsmith.oracles.judge import judge_isolated
from tensorsmith.targets.isolation import Limits
from tests.triage.programs import chain

SLIPPERY = Path(__file__).parents[1] / "planted" / "slippery_backend.py"
LIMITS = Limits(60.0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_a_reduction_slips_to_is_a_finding_of_its_own(tmp_path: Path) -> None:
    import_plugin(str(SLIPPERY))
    case = chain("sin", "sigmoid", "abs", "tanh", "neg", target="torch:slippery")
    verdict = judge_isolated(case, LIMITS)
    assert (verdict.kind, verdict.channel) == ("wrong-result", "values"), verdict
    with Store.create(tmp_path / "campaign", Settings()) as store:
        alarms = Alarms(store, PlainScreen(Console(file=io.StringIO())), LIMITS.seconds, LIMITS.rss_bytes)
        alarms.hear(case, verdict)
        order = alarms.next()
        assert order is not None
        alarms.settle(triage_alarm(order))
        wrong = {finding.status: finding for finding in store.findings()}
        assert set(wrong) == {"confirmed", "new"}
        assert (wrong["confirmed"].kind, wrong["new"].kind) == ("wrong-result", "error")
        assert wrong["confirmed"].operators == ("aten.sigmoid.default", "aten.abs.default", "aten.tanh.default")

        slipped = alarms.next()
        assert slipped is not None
        assert slipped.verdict.message == "no tanh of a sigmoid"
        alarms.settle(triage_alarm(slipped))
        assert alarms.next() is None
        assert {(f.kind, f.status, f.operators) for f in store.findings()} == {
            ("wrong-result", "confirmed", ("aten.sigmoid.default", "aten.abs.default", "aten.tanh.default")),
            ("error", "confirmed", ("aten.sigmoid.default", "aten.tanh.default")),
        }
        first, second = (store.finding_directory(f.id) / "report.md" for f in store.findings())
        assert "SlipperyError" in second.read_text()
        assert "Perhaps the same" not in first.read_text() + second.read_text()
