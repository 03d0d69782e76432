"""What a report can say besides the failure itself, and takes time to find out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One way to compile the program, as Python, and what comes of it."""

    how: str
    outcome: str


@dataclass(frozen=True)
class Facts:
    """What was not asked for is empty, and has no section.

    Attributes:
        variants: the program compiled in other ways.
        float64: Markdown: how far eager and the compiled program are from a run in float64.
        environment: what `torch.utils.collect_env` prints, shortened.
        related: lines of Markdown: what else it may be.
        bisected: Markdown: what a bisection found guilty, and how.
    """

    variants: tuple[Variant, ...] = ()
    float64: str = ""
    environment: str = ""
    related: tuple[str, ...] = ()
    bisected: str = ""


NOTHING = Facts()


def sections_of(facts: Facts) -> list[str]:
    """The sections of a report on these, the environment aside."""
    sections: list[str] = []
    if facts.variants:
        rows = "\n".join(f"| `{one.how}` | {_cell(one.outcome)} |" for one in facts.variants)
        sections.append(f"## Ablation\n\n| compiled by | outcome |\n|---|---|\n{rows}")
    if facts.float64:
        sections.append(f"## Against float64\n\n{facts.float64}")
    if facts.bisected:
        sections.append(f"## Bisection\n\n{facts.bisected}")
    if facts.related:
        sections.append(related_section(facts.related))
    return sections


def related_section(related: tuple[str, ...]) -> str:
    """The section on what else a failure may be."""
    return "## Perhaps the same\n\n" + "\n".join(f"- {line}" for line in related)


def details(summary: str, text: str) -> str:
    """Text that is folded away until a reader opens it."""
    return f"<details><summary>{summary}</summary>\n\n```\n{text.strip()}\n```\n\n</details>"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
