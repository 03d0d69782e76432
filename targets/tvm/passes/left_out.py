"""Passes that TVM has and the catalog has not, with the reason."""

from __future__ import annotations

LEFT_OUT_PASSES: dict[str, str] = {
    "tirx.Apply": "runs a function of its caller's",
    "tirx.BindTarget": "runs before every pipeline",
    "tirx.Filter": "keeps the functions that its caller chooses",
    "relax.AlterOpImpl": "puts its caller's functions in place of others",
    "relax.AttachExternModules": "adds modules of its caller's",
    "relax.BindParams": "needs values of the parameters of a program",
    "relax.BindSymbolicVars": "needs values of the sizes of a program",
    "relax.FuseOpsByPattern": "fuses by patterns of its caller's, for a backend that the caller has",
    "relax.MetaScheduleApplyDatabase": "needs results of tuning",
    "relax.MetaScheduleTuneIRMod": "measures for minutes",
    "relax.MetaScheduleTuneTIR": "measures for minutes",
    "relax.SplitCallTIRByPattern": "splits by patterns of its caller's, for a backend that the caller has",
    "relax.UpdateParamType": "changes types as its caller says",
    "relax.UpdateVDevice": "needs a device to move to",
    "relax.VMBuiltinLower": "an old name of LowerRuntimeBuiltin",
}
