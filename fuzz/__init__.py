"""The campaign: engine, scheduler, workers, statistics and the command line."""
