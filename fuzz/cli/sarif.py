"""Replays as SARIF 2.1.0, which GitHub's code scanning and other viewers of static analysis read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from tensorsmith import __version__
from tensorsmith.corpus.files import write_named
from tensorsmith.fuzz.cli.replayed import Replayed, file_of, headline, what_happened

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def write_sarif(path: Path, every: Sequence[Replayed]) -> None:
    """Write a SARIF file: new failures as errors, expected ones as suppressed notes.

    What was not run is in it as it was before, for viewers take what a file does not have for mended; the file then
    says that the run was not successful.

    Raises:
        StoreError: it cannot be written.
    """
    shown = [one for one in every if one.status in ("failing", "changed") or (one.status == "not-run" and one.kind)]
    left = [one for one in every if one.status == "not-run"]
    run = {
        "tool": {
            "driver": {
                "name": "tensorsmith",
                "version": __version__,
                "rules": [{"id": kind} for kind in sorted({_rule(one) for one in shown})],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not left,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": f"{file_of(one)}: not run, {one.reason}"}} for one in left
                ],
            }
        ],
        "results": [_result(one) for one in shown],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    write_named(path, msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n")


def _rule(one: Replayed) -> str:
    return one.kind or "failure"


def _result(one: Replayed) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": _rule(one),
        "level": "error" if one.failure else "note",
        "message": {"text": f"{one.target}: {headline(one)}: {what_happened(one)}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(file_of(one))},
                    "region": {"startLine": 1},
                }
            }
        ],
        "partialFingerprints": {"testCase/v1": one.id},
    }
    if not one.failure:
        result["suppressions"] = [{"kind": "external", "justification": one.known or f"was {one.was or 'failing'}"}]
    return result
