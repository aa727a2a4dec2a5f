"""The page with predictions: its plots and tables have the figures of the document, in a browser and without."""

import base64
import json
import random
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from captured_lines import PRODUCTION, SHADOW, both, captures, compared, half, line, write
from command_line import assert_one_line, run_process
from headless import THEMES, assert_readable, contrast, mixed, show
from page_reader import Page, assert_complete_in_itself

from inference_experiment_cli.captures.plots import MOST_OPAQUE

WIDTHS = (1280, 390)
SCORES = [round(0.01 + 0.0049 * at, 4) for at in range(200)]


def paged(folder: Path, *options: str) -> tuple[Page, Any]:
    """Return the page and the document of the same comparison."""
    answer = captures(folder, *options, "--format", "html")
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    return assert_complete_in_itself(answer.stdout), compared(folder, *options)


def numbers(texts: list[str]) -> list[int]:
    return [int(text) for text in texts if text.isdecimal()]


def hourly(folder: Path, production: list[Any], shadow: list[Any]) -> Path:
    for variant, answers in ((PRODUCTION, production), (SHADOW, shadow)):
        times = [f"2026-11-20T{at * 24 // len(answers):02}:00:00Z" for at in range(len(answers))]
        lines = [line(each, f"{at}", time=time) for at, (each, time) in enumerate(zip(answers, times, strict=True))]
        write(folder, variant, lines)
    return folder


def test_classification_has_all_plots(tmp_path: Path) -> None:
    page, document = paged(hourly(tmp_path, SCORES, [min(0.999, each + 0.1) for each in SCORES]))

    assert list(page.drawings) == ["Confusion", "Difference", "Agreement over time", "Drift of scores"]
    found = document["classification"]
    cells = [[first, second, str(records)] for first, second, records in found["confusion"]]
    assert page.tables["confusion"][1:] == cells
    assert sorted(numbers(page.drawings["Confusion"])) == sorted(
        [0, 0, 1, 1, *(each[2] for each in found["confusion"])]
    )
    bins = [row[2:] for row in page.tables["distribution-of-scores"][1:]]
    assert bins == [[str(each[2]), str(each[3])] for each in found["drift"][1]["bins"]]
    hours = {row[0]: row[1] for row in page.tables["hours"][1:]}
    assert hours == {each["key"]: str(each["records"]) for each in document["over_time"]}
    assert sum(map(int, hours.values())) == document["pairs"] == 200


def test_regression_has_all_plots(tmp_path: Path) -> None:
    values = [100 + at for at in range(200)]
    page, document = paged(hourly(tmp_path, [each + 0.5 for each in values], [each * 1.1 for each in values]))

    assert list(page.drawings) == ["Difference", "Difference over time", "Drift of values"]
    found = document["regression"]["histogram"]
    assert [row[2] for row in page.tables["differences"][1:]] == [str(count) for *_, count in found]
    assert sum(count for *_, count in found) == document["records"] == 200


def test_zero_is_on_the_axis_of_differences_though_all_are_far_from_it(tmp_path: Path) -> None:
    page, _ = paged(both(tmp_path, [100.5, 250.5, 300.25], [200.5, 351.5, 402.25]))

    assert "0" in page.drawings["Difference"]


def test_differences_that_are_all_the_same(tmp_path: Path) -> None:
    page, document = paged(both(tmp_path, [100.5, 250.5], [100.5, 250.5]))

    assert document["regression"]["histogram"] == [[0, 0, 2]]
    assert "Difference" in page.drawings


EXTREME = {
    "difference that no double holds": (["1e308", "-1e308", "2.5"], ["-1e308", "1e308", "2.6"]),
    "differences at the end of the range": (["1e308", "1.5"], ["1.0", "-0.9e308"]),
    "differences at its other end": (["1e-320", "2.5"], ["3e-320", "2.5"]),
    "differences of the last digit": (["1e16", "2.5e16"], ["1.0000000000000002e16", "2.5e16"]),
    "scores that are no probabilities": ([half("[1e308, -1e308]", "JSON")] * 2, [half("[-1e308, 1e308]", "JSON")] * 2),
    "no answers": ([""], [""]),
}


@pytest.mark.parametrize(("production", "shadow"), EXTREME.values(), ids=EXTREME)
def test_extreme_values_do_not_stop_the_page(tmp_path: Path, production: list[Any], shadow: list[Any]) -> None:
    _, document = paged(both(tmp_path, production, shadow))

    assert document["pairs"] == len(production)


def test_lines_without_a_time(tmp_path: Path) -> None:
    page, document = paged(both(tmp_path, ["1", "0"], ["1", "1"], time="nonsense"))

    assert list(page.drawings) == ["Confusion"]
    assert [each["key"] for each in document["over_time"]] == [None]


def test_text_and_ranking_have_no_plots_but_time(tmp_path: Path) -> None:
    texts = ["The quick brown fox jumps over the lazy dog.", "Another text that is rather long as well."]
    for name, answers in (("text", texts), ("ranking", [half('{"items": ["a", "b"]}', "JSON")] * 2)):
        page, document = paged(both(tmp_path / name, answers, answers))
        assert document["task"] == name
        assert list(page.drawings) == ["Agreement over time"]


def test_no_pairs_have_no_plots(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", "a")])
    write(tmp_path, SHADOW, [line("1", "b")])
    page, _ = paged(tmp_path)

    assert page.drawings == {}
    assert "No partner: 1 answers of production" in page.sections["not-captured"]


ODD = [
    "$x^2$",
    "$unbalanced_{",
    "<script>alert(1)</script>",
    '" id="a',
    "猫",
    "a\tb\nc",
    "#010203",
    "&amp;",
    "x" * 60,
]


def test_names_of_classes_are_shown_as_they_are(tmp_path: Path) -> None:
    """None is taken for a formula, for markup, or for a placeholder of the drawing; letters may be of any script."""
    answers = [half(f'{{"class": {text}}}', "JSON") for text in map(json.dumps, ODD * 6 + ODD[:-1])]
    page, document = paged(both(tmp_path, answers, answers))
    texts = page.drawings["Confusion"]

    assert document["task"] == "classification"
    for name in ("$x^2$", '" id="a', "猫", "a b c", "#010203", "&amp;"):
        assert name in texts
    assert "<script>ale…" in texts
    assert "(others)" in texts
    assert sum(numbers(texts)) == document["records"] == len(answers)


def test_what_was_not_captured_is_said(tmp_path: Path) -> None:
    binary = half(base64.b64encode(b"\x00\xff\xfe\x01").decode(), "BASE64")
    late = "2026-11-20T15:00:00Z"
    lines = [line("1", "a"), line(binary, "b"), line(None, "c"), line("0", "d", time=late), "{", '{"x": 1}']
    write(tmp_path, PRODUCTION, [*lines, line("1", "e")])
    write(tmp_path, SHADOW, [line("1", "a"), line("0", "b"), line("0", "d", time=late)])
    page, document = paged(tmp_path)
    said = page.sections["not-captured"]

    assert document["undecoded_records"] == {"production": 1, "shadow": 0}
    expected = (
        "No answer was captured: production 1, shadow 0 lines.",
        "No JSON: production 1, shadow 0 lines.",
        "JSON of something else than SageMaker's captured data: production 1, shadow 0 lines.",
        "Answers in no known format, so that only their bytes were compared: production 1, shadow 0 records.",
        "No partner: 1 answers of production have no answer of the other variant to the same request.",
        "Unpaired: the shadow has 60.0% of production's lines; sampling explains 2 of production's.",
        "Time: 4 of 6 hours between the first and the last pair have no pairs.",
    )
    shown = captures(tmp_path, "--format", "table").stdout
    for text in expected:
        assert text in said
        assert text in " ".join(shown.split())


def test_nothing_is_missing(tmp_path: Path) -> None:
    page, _ = paged(both(tmp_path, ["1", "0"], ["1", "0"]))

    assert "Every captured line was read and paired." in page.sections["not-captured"]


def test_without_the_extra_nothing_is_read(tmp_path: Path) -> None:
    """Only the page needs the plotting library; one that cannot be imported stands for one that is not installed."""
    (tmp_path / "matplotlib.py").write_text("raise ImportError('not installed')\n")
    command = ["captures", str(both(tmp_path, ["1"], ["1"])), "--production", PRODUCTION, "--shadow", SHADOW]
    refused = run_process(*command, "--format", "html", settings={"PYTHONPATH": str(tmp_path)})

    assert_one_line(refused, 2, "pip install 'cfn-inference-experiment[report]'")
    assert run_process(*command, settings={"PYTHONPATH": str(tmp_path)}).returncode == 0


def test_the_terminal_has_the_figures_of_the_plots(tmp_path: Path) -> None:
    page, _ = paged(hourly(tmp_path, SCORES, [min(0.999, each + 0.1) for each in SCORES]))
    shown = captures(tmp_path, "--format", "table").stdout

    for name, rows in page.tables.items():
        if name != "largest-disagreements":
            for row in rows[1:]:
                assert re.search(r"\s+".join(re.escape(cell) for cell in row if cell), shown), (name, row)


def test_text_in_the_heat_map_can_be_read() -> None:
    """The darkest cell of each colour, in both themes: WCAG's 4.5 to 1."""
    css = resources.files("inference_experiment_cli.report").joinpath("page.html").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--(\w+): light-dark\((#\w{6}, #\w{6})\)", css))
    both_themes = {name: dict(zip(THEMES, pair.split(", "), strict=True)) for name, pair in colours.items()}
    for theme in THEMES:
        of = {name: pair[theme] for name, pair in both_themes.items()}
        for name in ("production", "shadow", "muted"):
            assert contrast(of["ink"], mixed(of[name], of["card"], MOST_OPAQUE)) >= 4.5, (theme, name)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page for each kind of plot, with names that are as long as they get."""
    folder, drawn = tmp_path_factory.mktemp("pages"), random.Random(3)
    names = [f"category-{'x' * at}" for at in range(12)]
    classes = [drawn.choice(names) for _ in range(400)]
    hourly(folder / "scores", SCORES, [each**2 for each in SCORES])
    hourly(folder / "classes", classes, [drawn.choice(names) if at % 9 else each for at, each in enumerate(classes)])
    hourly(folder / "numbers", [each * 100 + 5 for each in SCORES], [each * 110 for each in SCORES])
    found = {}
    for name in ("scores", "classes", "numbers"):
        found[name] = folder / f"{name}.html"
        answer = captures(folder / name, "--format", "html", "--output", str(found[name]))
        assert answer.returncode == 0, answer.stderr
    return found


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_in_a_browser(browser: Any, pages: dict[str, Path], width: int, theme: str) -> None:
    for page in pages.values():
        show(browser, page, width, theme)
        assert_readable(browser, width)
        drawings = browser.find_elements("css selector", "figure svg")
        assert len(drawings) >= 2
        assert all(drawing.size["width"] > 300 for drawing in drawings)
        # Of drawings too the text has at least the size of small print.
        smallest = browser.execute_script(
            "return Math.min(...[...document.querySelectorAll('figure svg')].flatMap(svg => "
            "[...svg.querySelectorAll('text')].map(text => parseFloat(getComputedStyle(text).fontSize) * "
            "svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)))"
        )
        assert smallest >= 8
