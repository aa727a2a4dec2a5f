"""The report's page in a browser: the verdict, both themes, nothing in the console, nothing from the network."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from headless import THEMES, assert_readable, colour, contrast, show
from page_reader import assert_complete_in_itself

WIDTHS = (1280, 390)
# text, what it stands on
CONTRASTS = (
    (".muted", "body"),
    ("th", "#verdict"),
    ("th.production", "#verdict"),
    ("th.shadow", "#verdict"),
    ("#verdict strong", "#verdict"),
    (".tag", ".tag"),
    ("#synthetic", "#synthetic"),
    ("nav a", "body"),
)
PLOTS = ["Latency of the shadow against production", "Model latency", "Model errors", "Invocations", "Utilisation"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    finished = run("report", "--trial", "--html", str(path))
    assert finished.returncode == 0, finished.stderr
    return path


def test_the_page_without_a_browser(page: Path) -> None:
    found = assert_complete_in_itself(page.read_text())

    assert list(found.drawings) == PLOTS
    assert {"verdict", "metrics", "predictions"} <= set(found.identifiers)
    assert found.sections["verdict"].startswith("Promote the shadow")
    assert len(found.tables["comparison"]) == 1 + 15
    assert "it has no DataStorageConfig" not in found.sections["predictions"]
    assert "the experiment has no DataStorageConfig" in found.sections["predictions"]


def test_the_page_has_the_figures_of_the_document(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    finished = run("report", "--trial", "--html", str(path), "--format", "json")
    document = json.loads(finished.stdout)
    found = assert_complete_in_itself(path.read_text())

    for check in document["checks"]:
        assert check["reason"] in found.sections["verdict"]
    shown = {row[0]: row for row in found.tables["comparison"][1:]}
    for row in document["comparison"]:
        if row["metric"].startswith("latency_"):
            cells = shown[f"model latency, {row['metric'].removeprefix('latency_')}"]
            assert cells[1:4] == [f"{row['production']:.1f} ms", f"{row['shadow']:.1f} ms", f"{row['difference']:+.1%}"]


def test_the_normalised_shadow_does_not_hide_production(page: Path) -> None:
    """Where all is well both lines are the same: the broad, translucent one is below."""
    drawing = re.findall(r"<svg.*?</svg>", page.read_text(), re.DOTALL)[PLOTS.index("Invocations")]
    lines = re.findall(r'<g id="metric\d-line2d_\d+">\s*<path d="[^"]+" clip-path[^>]*style="([^"]+)"', drawing)
    drawn = [line for line in lines if "--faint" not in line]
    broad = [at for at, line in enumerate(drawn) if "stroke-width: 5" in line]

    assert broad == [0]
    assert "stroke-opacity: 0.35" in drawn[0]
    assert "--production" in drawn[1]
    assert "opacity" not in drawn[1]


def test_the_latency_plot_shows_zero(page: Path) -> None:
    texts = assert_complete_in_itself(page.read_text()).drawings[PLOTS[0]]

    assert "0" in texts
    assert "limit, Average" in texts


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_in_a_browser(browser: Any, page: Path, width: int, theme: str) -> None:
    show(browser, page, width, theme)

    verdict = browser.find_element("id", "verdict")
    assert verdict.get_attribute("data-result") == "met"
    assert verdict.text.startswith("Promote the shadow")
    assert "Average ModelLatency changed by" in verdict.text
    assert browser.find_element("id", "synthetic").text.startswith("Synthetic metrics: nothing was measured.")
    assert len(browser.find_elements("css selector", "figure svg")) == 5
    assert len(browser.find_elements("css selector", "#comparison tbody tr")) == 15
    assert_readable(browser, width)
    for selector, behind in CONTRASTS:
        text, background = colour(browser, selector, "color"), colour(browser, behind, "backgroundColor")
        assert contrast(text, background) >= 4.5, (selector, text, background)


def test_the_button_changes_the_theme(browser: Any, page: Path) -> None:
    """And back; what the reader's system prefers is where it begins."""
    for theme in THEMES:
        show(browser, page, WIDTHS[0], theme)
        seen = []
        for _ in range(3):
            seen.append((colour(browser, "body", "backgroundColor"), colour(browser, "figure svg text", "fill")))
            browser.find_element("id", "theme").click()
        assert seen[0] == seen[2]
        assert all(first != second for first, second in zip(seen[0], seen[1], strict=True))
