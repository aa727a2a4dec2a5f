"""The benchmark's arithmetic and forms; what it measures is not for the tests."""

import json
import sys
from importlib.metadata import version
from itertools import count
from pathlib import Path

import pytest

from benchmarks import templates
from benchmarks.__main__ import ALL, main
from benchmarks.drawing import svg
from benchmarks.history import course, record
from benchmarks.make_runs import timed_run
from benchmarks.measure import Curve, Figure, Results, compared, interval_of_median, pairs
from benchmarks.writing import broken, disturbances, machine, make_section, markdown, row, write
from inference_experiment_cli.lint.engine import Engine


def test_pairs_are_interleaved_and_take_turns() -> None:
    order: list[str] = []
    ticks = count()

    found = pairs(lambda: order.append("ours"), lambda: order.append("peer"), 3, lambda: float(next(ticks)))

    assert order == ["ours", "peer", "peer", "ours", "ours", "peer"]
    assert found == [(1.0, 1.0)] * 3


def test_the_figure_is_the_median_of_the_ratios() -> None:
    """Not the ratio of the medians: a round in which the machine was busy counts once."""
    found = [(1.0, 2.0), (10.0, 20.0), (1.0, 9.0)]

    assert compared("a", found, "peer").ratio == 0.5
    assert compared("a", found, "peer", faster=True).ratio == 2.0
    assert compared("a", found, "peer", 2.0, faster=True).holds
    assert not compared("a", found, "peer", 0.4).holds


def test_the_interval_of_a_median_is_that_of_the_sign_test() -> None:
    """With 10 values it goes from the second to the ninth (97.9 %), with 5 no two of them are far enough apart."""
    assert interval_of_median(list(range(10, 0, -1))) == (2, 9)
    assert interval_of_median(list(range(5))) is None
    assert compared("a", [(float(each), 1.0) for each in range(1, 21)], "peer").interval == (6.0, 15.0)


def test_a_run_that_was_disturbed_says_so() -> None:
    quiet = {"load_before": 0.2, "stolen": 0.001}

    assert disturbances(quiet) == []
    assert disturbances(quiet | {"load_before": 3.0}) == ["the load before the run was 3, at most 0.5 is quiet"]
    assert "withheld 25.0%" in disturbances(quiet | {"stolen": 0.25})[0]
    assert "**Not a quiet machine" in markdown(machine() | {"load_before": 9.0}, [])


def test_a_broken_floor_is_named() -> None:
    figure = Figure("slow", 2.0, 1.0, "s", "peer", 2.0, 1.15)
    results = [Results("Rules", "about", [figure, Figure("fine", 1.0, None, "s")])]

    assert broken(results) == ["Rules, slow: 2.00, at most 1.15"]
    assert "**broken**" in row(figure)


def test_a_run_with_a_broken_floor_fails_and_names_the_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ratios = {"decisions": 0.4, "rules": 1.6}
    for name, ratio in ratios.items():
        figure = Figure("some row", ratio, 1.0, "s", "peer", ratio, 1.5)
        monkeypatch.setitem(ALL, name, lambda _, __, name=name, figure=figure: Results(name, "about", [figure]))

    assert main(["--only", "decisions"]) == 0
    assert "floor broken" not in capsys.readouterr().out
    assert main(["--only", *ratios]) == 1
    assert "\nfloor broken: rules, some row: 1.60, at most 1.5\n" in capsys.readouterr().out


def test_every_release_has_one_record(tmp_path: Path) -> None:
    """A new run replaces the record of its release, and only that."""
    file, facts = tmp_path / "history.json", {"time": "now", "commit": "abc", "cores": 2}

    def results(ratio: float, *more: Figure) -> list[Results]:
        interval = (ratio - 0.1, ratio + 0.1)
        return [Results("Rules", "about", [Figure("custom", 2, 1, "s", "peer", ratio, interval=interval), *more])]

    record(file, "0.1.0", facts, results(1.5))
    history = record(file, "0.1.0", facts, results(1.4, Figure("without a peer", 2, None, "s")))
    assert course(history) == ""
    assert json.loads(file.read_text(encoding="utf-8")) == {
        "0.1.0": {
            "time": "now",
            "commit": "abc",
            "rows": {"Rules: custom": {"ratio": 1.4, "interval": [1.4 - 0.1, 1.4 + 0.1]}},
        }
    }

    history = record(file, "0.2.0", facts, results(1.2, Figure("new", 1, 1, "s", "peer", 1.0)))
    assert course(history) == (
        "| ratio | 0.1.0 | 0.2.0 |\n| --- | --- | --- |\n"
        "| Rules: custom | 1.40 (1.30 to 1.50) | 1.20 (1.10 to 1.30) |\n| Rules: new |  | 1.00 |\n"
    )


def test_the_page_has_the_course_and_what_make_took(tmp_path: Path) -> None:
    drawings = tmp_path / "benchmarks"
    drawings.mkdir()
    runs = [timed_run("demo", [sys.executable, "-c", ""], tmp_path)]
    facts = {"time": "now", "commit": "abc", "processor": "one", "cores": 2}
    (drawings / "make.json").write_text(json.dumps({**facts, "runs": runs}), encoding="utf-8")
    record(drawings / "history.json", "0.0.1", facts, [])

    write(tmp_path, machine(), [Results("Rules", "about", [Figure("custom", 2.0, 1.0, "s", "peer", 2.0)])])

    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert f"## Course over the releases\n\n| ratio | 0.0.1 | {version('cfn-inference-experiment')} |\n" in page
    assert page.endswith(make_section({**facts, "runs": runs}))
    assert runs[0]["cpu"] > 0
    assert "| make demo | " in page


def test_the_page_has_every_figure_and_every_curve(tmp_path: Path) -> None:
    curve = Curve("cost & growth", "x", "ms", {"ours": [(0, 1.0), (8, 3.0)]})
    results = [Results("Rules", "about", [Figure("custom type", 2.0, 1.0, "s", "cfn-lint", 2.0)], [curve])]

    write(tmp_path, machine(), results)

    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert "| custom type | 2 s | 1 s (cfn-lint) | 2.00 |" in page
    assert "](benchmarks/cost-growth.svg)" in page
    assert "| x | ours (ms) |\n| --- | --- |\n| 0 | 1 |\n| 8 | 3 |\n" in page
    assert (tmp_path / "benchmarks" / "cost-growth.svg").read_text(encoding="utf-8") == svg(curve)
    assert "&amp;" in svg(curve)


@pytest.mark.slow
def test_the_templates_that_are_measured_are_sound(tmp_path: Path) -> None:
    """A template with errors would measure the wording of findings."""
    texts = {
        "custom": templates.experiment(1, conditions=8),
        "native": templates.experiment(2, kind=templates.NATIVE),
        "many": templates.experiment(3, experiments=3, statements=4),
        "service": templates.service(4),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    paths = sorted(tmp_path.iterdir())
    engine = Engine(["-t", *map(str, paths)])
    for path in paths:
        assert not [finding for finding in engine.lint(str(path))["findings"] if finding["rule"][0] == "E"], path.name


def test_templates_differ_and_one_in_some_has_an_experiment(tmp_path: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in templates.write(tmp_path / "t", 20, one_in=10)]

    assert len(set(texts)) == 20
    assert ["InferenceExperiment" in text for text in texts].count(True) == 2
