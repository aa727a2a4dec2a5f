"""The parts of a page that is complete in itself: styles, script and drawings are inside."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from string import Template

from inference_experiment.criteria import Verdict
from inference_experiment_cli.gate import RECOMMENDATIONS
from inference_experiment_cli.report.drawing import Plot

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""Title, head and rows; facts, which are names and texts, have an empty head."""


def page(title: str, name: str, subtitle: str, body: str, notes: str) -> str:
    """Return a page; all but the body is text."""
    template = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    texts = {"title": title, "name": name, "subtitle": subtitle, "notes": notes}
    return Template(template).substitute({key: escape(text) for key, text in texts.items()}, body=body)


def section(title: str, parts: Iterable[str], identity: str) -> str:
    """Return a part of the page with a heading; parts are HTML."""
    return f'<section id="{identity}"><h2>{escape(title)}</h2>{"".join(parts)}</section>'


def verdict(found: Verdict, below: str = "") -> str:
    """Return the verdict with each criterion; what is below is HTML."""
    checks = "".join(
        f'<li><span class="tag {check.result}">{check.result}</span> {escape(check.reason)}</li>'
        for check in found.checks
    )
    return (
        f'<section class="card verdict {found.result}" id="verdict" data-result="{found.result}">'
        f"<strong>{RECOMMENDATIONS[found.result].capitalize()}</strong><ul>{checks}</ul>{below}</section>"
    )


def card(*parts: str) -> str:
    """Return what stands on a ground of its own; parts are HTML."""
    return f'<div class="card">{"".join(parts)}</div>'


def texts(lines: Iterable[str]) -> str:
    """Return remarks."""
    return "".join(f'<p class="muted">{escape(line)}</p>' for line in lines)


def items(lines: Iterable[str]) -> str:
    """Return a list of remarks; nothing for none."""
    found = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{found}</ul>" if found else ""


def figures(plots: Iterable[Plot]) -> str:
    """Return drawings with their headings; nothing for none."""
    found = "".join(
        f'<figure class="card"><h3>{escape(plot.title)}</h3><figcaption>{escape(plot.text)}</figcaption>{plot.svg}'
        "</figure>"
        for plot in plots
    )
    return f'<div class="plots">{found}</div>' if found else ""


def table(content: Table, identity: str = "", style: str = "") -> str:
    """Return a table, which scrolls in a box of its own where the page is narrow."""
    title, head, rows = content
    name = identity or identity_of(title)
    first = f"<h3>{escape(title)}</h3>" if title else ""
    cells = "".join(f'<th scope="col"{_role(cell)}>{escape(cell)}</th>' for cell in head)
    top = f"<thead><tr>{cells}</tr></thead>" if any(head) else ""
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'{first}<div class="scroll" tabindex="0" role="region" aria-label="{escape(title or name)}">'
        f'<table id="{escape(name)}" class="{style or ("figures" if top else "facts")}">{top}'
        f"<tbody>{body}</tbody></table>"
        '</div><p class="cue muted" aria-hidden="true">scroll sideways for all columns \N{RIGHTWARDS ARROW}</p>'
    )


def folded_table(content: Table) -> str:
    """Return a card with a table that is opened by its title."""
    title, head, rows = content
    inner = table(("", head, rows), identity_of(title))
    return f'<details class="card"><summary>{escape(title)}</summary>{inner}</details>'


def identity_of(title: str) -> str:
    """Return the identifier of what has a title."""
    return re.sub(r"\W+", "-", title.lower())


def _role(cell: str) -> str:
    """Return the class of a column that is one variant's."""
    return f' class="{cell}"' if cell in {"production", "shadow"} else ""
