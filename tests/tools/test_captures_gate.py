"""The verdict on predictions, its exit codes with --check, and the object that carries its figures to the function."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from captured_lines import PRODUCTION, SHADOW, both, captures, line, write
from command_line import Finished, assert_one_line, run
from moto import mock_aws
from regional_sagemaker import add_experiment, environment

from inference_experiment import predictions
from inference_experiment_cli.captures.statistics import least_stability_index, stability_index
from inference_experiment_local.clock import Clock
from inference_experiment_local.sagemaker.metrics import Behaviour
from protocol_driver.controlled import ControlledMetrics, ControlledSageMaker

BUCKET = "captured"
STEADY = Behaviour(requests_per_minute=600)


def classes(count: int, wrong: int) -> tuple[list[str], list[str]]:
    """Return the answers of production and of a shadow that differs in some."""
    production = [str(at % 2) for at in range(count)]
    return production, [str(1 - int(each)) if at < wrong else each for at, each in enumerate(production)]


def labelled(folder: Path, labels: list[str]) -> Path:
    file = folder / "labels.csv"
    rows = [f"request-{at},{label}" for at, label in enumerate(labels)]
    file.write_text("\n".join(["id,target", *rows]), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("count", "wrong", "options", "code"),
    [
        (1000, 10, ["--min-agreement", "0.99"], 0),  # exactly the limit
        (1000, 10, ["--min-agreement", "99%"], 0),
        (1000, 11, ["--min-agreement", "99%"], 3),
        (1000, 40, ["--min-agreement", ".99"], 1),
        (3, 0, ["--min-agreement", "99%"], 3),
        (3, 3, ["--min-agreement", "99%"], 3),
        (3, 0, ["--min-agreement", "99%", "--min-pairs", "3"], 0),
        (99, 0, ["--min-agreement", "0"], 3),
        (100, 0, ["--min-agreement", "1"], 0),
        (1000, 500, ["--max-prediction-drift", "0.1"], 0),  # as many of each class as before
        (1000, 0, ["--max-prediction-drift", "0"], 0),
        (200, 1, ["--min-agreement", "99%", "--max-prediction-drift", ".1"], 0),
    ],
)
def test_exit_codes(tmp_path: Path, count: int, wrong: int, options: list[str], code: int) -> None:
    both(tmp_path, *classes(count, wrong))
    finished = captures(tmp_path, "--check", *options)

    assert finished.returncode == code, finished.stderr
    results = {0: "met", 1: "missed", 3: "unknown"}
    assert finished.data()["result"] == results[code]
    assert captures(tmp_path, *options).returncode == 0


def test_drift_to_one_class_is_missed(tmp_path: Path) -> None:
    both(tmp_path, [str(at % 2) for at in range(1000)], [str(int(at % 10 == 0)) for at in range(1000)])
    finished = captures(tmp_path, "--check", "--max-prediction-drift", "0.2")

    assert finished.returncode == 1
    (check,) = finished.data()["checks"]
    assert check["reason"].startswith("the predictions drifted by a PSI of 0.8")


@pytest.mark.parametrize(
    ("gain", "code"), [("0%", 1), ("-1%", 0), ("-0.01", 0), ("-0.005", 3), ("-100%", 0), ("0.5%", 1)]
)
def test_accuracy_gain(tmp_path: Path, gain: str, code: int) -> None:
    """The shadow is wrong where production is right in ten of a thousand."""
    production, shadow = classes(1000, 10)
    both(tmp_path, production, shadow)
    finished = captures(
        tmp_path, "--labels", str(labelled(tmp_path, production)), "--check", "--min-accuracy-gain", gain
    )

    assert finished.returncode == code, finished.stdout[-500:]
    assert (
        "only production is right 10 times, only the shadow 0 times, of 1000" in finished.data()["checks"][0]["reason"]
    )


def test_accuracy_without_labels_is_no_loss(tmp_path: Path) -> None:
    both(tmp_path, *classes(200, 100))
    finished = captures(tmp_path, "--check", "--min-accuracy-gain", "0%")

    assert finished.returncode == 3
    assert "0 predictions have a label, 100 are required" in finished.data()["checks"][0]["reason"]


def test_a_regression_has_no_agreement(tmp_path: Path) -> None:
    both(tmp_path, [f"{at}.5" for at in range(200)], [f"{at}.5" for at in range(200)])
    finished = captures(tmp_path, "--check", "--min-agreement", "99%", "--max-prediction-drift", "0.1")

    assert finished.returncode == 3
    agreement, drift = finished.data()["checks"]
    assert agreement["reason"] == "cannot be judged: predictions of the task regression have no agreement"
    assert drift["result"] == "met"


def test_answers_that_are_no_numbers_are_drift(tmp_path: Path) -> None:
    """The numbers that are left are production's, and yet the shadow must not be promoted."""
    numbers = [f"{at}.5" for at in range(1000)]
    both(tmp_path, numbers, ["nan" if at % 3 == 0 else each for at, each in enumerate(numbers)])
    finished = captures(tmp_path, "--check", "--max-prediction-drift", "0.2")

    assert finished.returncode == 1
    assert "PSI of 2." in finished.data()["checks"][0]["reason"]


def test_answers_of_one_side_only_are_not_enough(tmp_path: Path) -> None:
    both(tmp_path, *classes(200, 0))
    for path in tmp_path.rglob(f"{SHADOW}/**/*.jsonl"):
        path.write_bytes(b"")
    finished = captures(tmp_path, "--check", "--min-agreement", "99%", "--max-prediction-drift", "1")

    assert finished.returncode == 3
    assert {check["reason"] for check in finished.data()["checks"]} == {
        "not enough data: 0 pairs were compared, 100 are required"
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "--check needs a criterion: --min-agreement, --max-prediction-drift or --min-accuracy-gain"),
        (["--min-agreement", "99"], "--min-agreement 99: is not a share; write it as 99% or 0.99"),
        (["--min-agreement", "nan"], " nan: is not a share"),
        (["--min-agreement", "101%"], " 101%: is not within 0% and 100%"),
        (["--min-agreement", "-1%"], " -1%: is not within 0% and 100%"),
        (["--min-agreement", "٩٩%"], " ٩٩%: is not a share"),
        (["--min-accuracy-gain", "half"], " half: is not a share; write it as 0.5% or 0.005"),
        (["--min-accuracy-gain", "-200%"], " -200%: is not within -100% and 100%"),
        (["--max-prediction-drift", "nan"], " nan: is not a population stability index; write it as 0.1"),
        (["--max-prediction-drift", "-1"], " -1: is not a population stability index"),
        (["--max-prediction-drift", "10%"], " 10%: is not a population stability index"),
        (["--min-agreement", "99%", "--min-pairs", "0"], "--min-pairs"),
    ],
)
def test_wrong_limits(tmp_path: Path, options: list[str], words: str) -> None:
    assert_one_line(captures(tmp_path, "--check", *options), 2, words)


def test_the_table_and_the_page_say_the_verdict(tmp_path: Path) -> None:
    both(tmp_path, *classes(1000, 40))
    names = ("--production", PRODUCTION, "--shadow", SHADOW)
    table = run("captures", str(tmp_path), *names, "--min-agreement", "99%")
    page = run("captures", str(tmp_path), *names, "--min-agreement", "99%", "--format", "html", "--check")

    assert "Keep production\nmissed   96% of the predictions agree (960 of 1000), 99% is required\n" in table.stdout
    assert 'id="verdict" data-result="missed"><strong>Keep production</strong>' in page.stdout
    assert page.returncode == 1
    assert 'id="verdict"' not in run("captures", str(tmp_path), *names, "--format", "html").stdout


MAIN = "from inference_experiment_cli.main import main; main()"


def process(program: str, place: Path, *options: str, stdout: int) -> "subprocess.CompletedProcess[str]":
    names = ("captures", str(place), "--production", PRODUCTION, "--shadow", SHADOW)
    command = [sys.executable, "-c", program, *names, *options]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


def test_a_reader_that_leaves_changes_no_verdict(tmp_path: Path) -> None:
    """With pipefail the code of `report --check | head` is the verdict's, not that of a success."""
    both(tmp_path, *classes(1000, 40))
    reading, writing = os.pipe()
    os.close(reading)
    finished = process(MAIN, tmp_path, "--check", "--min-agreement", "99%", "--format", "json", stdout=writing)
    os.close(writing)

    assert finished.returncode == 1, finished.stderr


def test_the_lower_end_of_the_stability_index() -> None:
    """Equal distributions have 0; the greater the samples, the nearer it is."""
    assert least_stability_index([], []) is None
    assert least_stability_index([50, 50], [50, 50]) == 0
    assert least_stability_index([60, 40], [50, 50]) == 0
    shift = [[600, 400], [300, 700]]
    index = stability_index(*shift)
    assert index is not None
    lows = [least_stability_index(*([count * times for count in counts] for counts in shift)) for times in (1, 10, 100)]
    assert 0 < (lows[0] or 0) < (lows[1] or 0) < (lows[2] or 0) < index
    assert lows[2] == pytest.approx(index, rel=0.05)


# report --captures --publish


@pytest.fixture
def s3() -> Iterator[Any]:
    """A client of moto's S3, which answers for amazonaws.com within this process; services of tests are elsewhere."""
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture(scope="module")
def sagemaker() -> Iterator[ControlledSageMaker]:
    with ControlledSageMaker(clock=Clock(ahead=-7200)) as running:
        add_experiment(running, DataStorageConfig={"Destination": f"s3://{BUCKET}/data"})
        add_experiment(running, "without")
        running.clock.advance(3600)
        yield running


@pytest.fixture
def metrics() -> Iterator[ControlledMetrics]:
    with ControlledMetrics() as running:
        running.behaviours = {("test-endpoint", name): STEADY for name in ("production", "shadow")}
        yield running


@pytest.fixture
def settings(tmp_path: Path, s3: Any, sagemaker: ControlledSageMaker, metrics: ControlledMetrics) -> dict[str, str]:
    moment = datetime.now(UTC) + timedelta(minutes=1)
    for variant, answers in zip(("production", "shadow"), classes(400, 3), strict=True):
        lines = [
            line(answer, f"request-{at}", time=f"{moment:%FT%TZ}", event=f"{variant}-{at}")
            for at, answer in enumerate(answers)
        ]
        path = write(tmp_path / "test-endpoint", variant, lines, f"{moment:%Y/%m/%d/%H}/file.jsonl")
        key = f"data/test-endpoint/{variant}/{moment:%Y/%m/%d/%H}/file.jsonl"
        s3.upload_file(str(path), BUCKET, key)
    settings = environment("", AWS_ENDPOINT_URL_SAGEMAKER=sagemaker.url, AWS_ENDPOINT_URL_CLOUDWATCH=metrics.url)
    kept = {name: value for name, value in settings.items() if name != "AWS_ENDPOINT_URL"}
    return {**kept, "XDG_CACHE_HOME": str(tmp_path / "cache")}


def report(settings: dict[str, str], *options: str) -> Finished:
    return run("report", "test", "--captures", *options, settings=settings)


@pytest.mark.parametrize(
    ("options", "result", "code"),
    [
        (["--min-agreement", "99%"], "met", 0),
        (["--min-agreement", "100%"], "missed", 1),
        (["--min-agreement", "99.5%"], "unknown", 3),
        (["--min-agreement", "99%", "--min-pairs", "401"], "unknown", 3),
        (["--min-agreement", "99%", "--min-accuracy-gain", "0%"], "unknown", 3),
        (["--min-agreement", "99%", "--max-latency-increase", "-50%"], "missed", 1),
        (["--min-agreement", "99%", "--max-error-increase", "200%"], "met", 0),
    ],
)
def test_a_verdict_on_metrics_and_predictions(
    settings: dict[str, str], options: list[str], result: str, code: int
) -> None:
    finished = report(settings, "--format", "json", "--check", *options)

    assert finished.returncode == code, finished.stderr
    document = finished.data()
    assert document["result"] == result
    checked = [check["criterion"] for check in document["checks"]]
    assert checked[:3] == ["MinInvocations", "MaxLatencyIncrease", "MaxErrorRate"]
    assert "MinAgreement" in checked
    assert "of the predictions agree" in document["configuration"]["criteria"]


def test_what_is_published_is_what_the_function_reads(
    s3: Any, sagemaker: ControlledSageMaker, settings: dict[str, str]
) -> None:
    finished = report(settings, "--publish", f"s3://{BUCKET}/results/test.json", "--format", "json")

    assert finished.returncode == 0, finished.stderr
    assert f"wrote s3://{BUCKET}/results/test.json" in finished.stderr
    client: Any = sagemaker.client()
    described = client.describe_inference_experiment(Name="test")
    content = s3.get_object(Bucket=BUCKET, Key="results/test.json")["Body"].read()
    origin = predictions.Origin(described["Arn"], described["CreationTime"].timestamp(), "production", "shadow")
    figures = predictions.unseal(content, origin, datetime.now(UTC).timestamp(), 60)
    expected = predictions.Figures("classification", 400, 400, 397, 0)
    assert replace(figures, drift=None, drift_low=None) == expected
    assert figures.drift is not None
    assert figures.drift < 0.01
    document = json.loads(content)
    assert document["place"] == f"s3://{BUCKET}/data/test-endpoint"
    assert re.fullmatch(r"[0-9a-f]{64}", document["sha256"])


def test_a_gate_takes_nothing_that_broke_for_a_shadow_that_lost(
    settings: dict[str, str], metrics: ControlledMetrics
) -> None:
    metrics.fail_next("GetMetricData", "AccessDenied", "no", status_code=403)
    assert_one_line(report(settings, "--check"), 4, "GetMetricData")
    published = report(settings, "--check", "--publish", "s3://nowhere/results.json")
    assert published.returncode == 4
    assert "PutObject" in published.stderr
    unknown = {**settings, "AWS_ENDPOINT_URL_SAGEMAKER": "http://127.0.0.1:1"}
    assert run("report", "test", "--check", settings=unknown).returncode == 4
    assert_one_line(run("report", "nowhere", "--check", settings=settings), 3, "no experiment nowhere")
    assert_one_line(run("report", "nowhere", settings=settings), 1, "no experiment nowhere")
    without = run("report", "without", "--captures", "--min-agreement", "99%", "--check", settings=settings)
    assert_one_line(without, 3, "captures no data")


def test_a_defect_of_the_program_is_no_answer(tmp_path: Path) -> None:
    both(tmp_path, *classes(200, 0))
    broken = f"import duckdb; duckdb.connect = None; {MAIN}"
    finished = process(broken, tmp_path, "--check", "--min-agreement", "99%", stdout=subprocess.DEVNULL)

    assert finished.returncode == 4
    assert "TypeError" in finished.stderr
    assert "this is a defect of this program" in finished.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--min-agreement", "99%"], "are about captured data; add --captures"),
        (["--min-pairs", "5"], "are about captured data; add --captures"),
        (["--publish", f"s3://{BUCKET}/a"], "are about captured data; add --captures"),
        (["--captures", "--publish", "results.json"], "is not the address of an object; write it as s3://bucket/key"),
        (["--captures", "--publish", f"s3://{BUCKET}/results/"], "is not the address of an object"),
        (["--captures", "--min-agreement", "2"], " 2: is not a share"),
        (["--max-error-increase", "much"], "--max-error-increase much: is not a percentage"),
    ],
)
def test_wrong_options_of_the_report(options: list[str], words: str) -> None:
    assert_one_line(run("report", "test", "--check", *options, settings=environment("http://127.0.0.1:1")), 2, words)
