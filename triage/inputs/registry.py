"""The kinds of files that become test cases. A new one is a file and a line here."""

from __future__ import annotations

from tensorsmith.triage.inputs import exported, onnx_model, script, stored
from tensorsmith.triage.inputs.api import FileKind

FILE_KINDS: tuple[FileKind, ...] = (
    FileKind(".json", "a test case (.json)", stored.load),
    FileKind(".py", "a script (script.py:name)", script.load, has_names=True),
    FileKind(".pt2", "an exported program (.pt2)", exported.load),
    FileKind(".onnx", "an ONNX model (.onnx)", onnx_model.load),
)
