"""Findings in programs of TIR: reduction, stand-alone scripts, reports."""
