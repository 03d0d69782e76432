"""The mutators of pipelines there are."""

from __future__ import annotations

from tensorsmith.mutators.passes.api import PipelineMutator
from tensorsmith.mutators.passes.change_argument import change_argument
from tensorsmith.mutators.passes.cross_once import cross_once
from tensorsmith.mutators.passes.cross_twice import cross_twice
from tensorsmith.mutators.passes.drop import drop
from tensorsmith.mutators.passes.duplicate import duplicate
from tensorsmith.mutators.passes.insert import insert
from tensorsmith.mutators.passes.move import move
from tensorsmith.mutators.passes.replace import replace
from tensorsmith.mutators.passes.reset_setting import reset_setting
from tensorsmith.mutators.passes.set_setting import set_setting
from tensorsmith.mutators.passes.splice_default import splice_default
from tensorsmith.mutators.passes.toggle_build import toggle_build

PIPELINE_MUTATORS: tuple[PipelineMutator, ...] = (
    PipelineMutator("insert-pass", "inserts a pass, and those that it requires", insert),
    PipelineMutator("drop-pass", "drops one to three passes, and those that require them", drop),
    PipelineMutator("move-pass", "moves a pass", move),
    PipelineMutator("duplicate-pass", "runs a pass once more", duplicate),
    PipelineMutator("replace-pass", "replaces a pass by another", replace),
    PipelineMutator("change-pass-argument", "changes an argument of a pass", change_argument),
    PipelineMutator("cross-passes-once", "crosses two pipelines at one point", cross_once),
    PipelineMutator("cross-passes-twice", "crosses two pipelines at two points", cross_twice),
    PipelineMutator("splice-into-default", "puts the passes into the default pipeline", splice_default),
    PipelineMutator("set-setting", "sets a setting of the passes or of the target, or disables a pass", set_setting),
    PipelineMutator("reset-setting", "resets a setting", reset_setting),
    PipelineMutator("toggle-build", "builds at the end, or does not", toggle_build),
)
