"""`tensorsmith status`."""

from __future__ import annotations

from rich.console import Console

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.cli.options import CampaignArgument, JsonOption
from tensorsmith.fuzz.cli.output import print_json
from tensorsmith.fuzz.screen import statistics_table, ways_table
from tensorsmith.fuzz.statistics import snapshot


def status(directory: CampaignArgument, json: JsonOption = False) -> None:
    """Show how a campaign goes: validity, corpus, coverage, findings, where the time goes, what each mutator brought.

    Example: tensorsmith status campaigns/first --json
    """
    with Store.open(directory) as store:
        now = snapshot(store)
    if json:
        print_json(now)
    else:
        console = Console()
        console.print(statistics_table(now), soft_wrap=True)
        if now.ways:
            console.print()
            console.print(ways_table(now), soft_wrap=True)
