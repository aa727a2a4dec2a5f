"""Captured data in S3: of a prefix, and of an experiment; downloads are kept."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from captured_lines import line, write
from command_line import Finished, run
from moto import mock_aws
from page_reader import assert_complete_in_itself
from regional_sagemaker import add_experiment, environment

from protocol_driver.controlled import ControlledMetrics, ControlledSageMaker

BUCKET = "captured"


@pytest.fixture(autouse=True)
def s3() -> Iterator[Any]:
    """A client of moto's S3, which answers for amazonaws.com within this process; services of tests are elsewhere."""
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.create_bucket(Bucket=BUCKET)
        yield client


def upload(client: Any, folder: Path, prefix: str) -> None:
    for path in sorted(folder.rglob("*.jsonl*")):
        client.upload_file(str(path), BUCKET, f"{prefix}{path.relative_to(folder).as_posix()}")


def account(**more: str) -> dict[str, str]:
    """Return the settings of an account, without an address: moto answers for S3."""
    return {name: value for name, value in environment("", **more).items() if name != "AWS_ENDPOINT_URL"}


def captures(cache: Path, place: str, *options: str) -> Finished:
    settings = account(XDG_CACHE_HOME=str(cache))
    names = ("--production", "production", "--shadow", "shadow")
    return run("captures", place, *names, "--format", "json", *options, settings=settings)


def test_a_prefix_is_downloaded_once(tmp_path: Path, s3: Any) -> None:
    write(tmp_path / "data", "production", [line("1", "a"), line("0", "b")])
    write(tmp_path / "data", "shadow", [line("1", "a"), line("1", "b")], "2026/11/20/10/x.jsonl.gz")
    upload(s3, tmp_path / "data", "some/where/")
    s3.put_object(Bucket=BUCKET, Key="labels.csv", Body=b"id,target\na,1\nb,1\n")
    s3.put_object(Bucket=BUCKET, Key="some/where-else/endpoint/production/x.jsonl", Body=b"broken")

    for place in ("s3://captured/some/where", "s3://captured/some/where/endpoint/"):
        answer = captures(tmp_path / "cache", place, "--labels", "s3://captured/labels.csv")
        assert answer.returncode == 0, answer.stderr
        found = answer.data()
        assert (found["pairs"], found["agreement"], found["broken_lines"]) == (2, 0.5, 0)
        assert found["accuracy"] == {"production": 0.5, "shadow": 1}
    files = sorted((tmp_path / "cache").rglob("*.jsonl*"))
    assert len(files) == 2
    assert not list((tmp_path / "cache").rglob("*.part"))

    # What is there is not fetched again; what has changed is.
    files[0].write_bytes(files[0].read_bytes() * 2)
    again = captures(tmp_path / "cache", "s3://captured/some/where").data()
    assert sum(again["lines"].values()) == 6
    write(tmp_path / "data", "production", [line("1", "a")])
    upload(s3, tmp_path / "data", "some/where/")
    assert captures(tmp_path / "cache", "s3://captured/some/where").data()["lines"]["production"] == 1


def test_a_bucket_that_is_not_there(tmp_path: Path) -> None:
    answer = captures(tmp_path, "s3://nowhere/at/all")

    assert answer.returncode == 4
    assert "NoSuchBucket" in answer.stderr


def test_a_prefix_without_captured_data(tmp_path: Path, s3: Any) -> None:
    answer = captures(tmp_path, f"s3://{BUCKET}/empty")

    assert answer.returncode == 2
    assert "no folder production and no folder shadow" in answer.stderr


@pytest.fixture(scope="module")
def sagemaker() -> Iterator[ControlledSageMaker]:
    with ControlledSageMaker() as running:
        add_experiment(running, DataStorageConfig={"Destination": f"s3://{BUCKET}/data/"})
        add_experiment(running, "without")
        add_experiment(running, "elsewhere", DataStorageConfig={"Destination": "https://example.com/data"})
        yield running


@pytest.fixture
def settings(tmp_path: Path, sagemaker: ControlledSageMaker) -> Iterator[dict[str, str]]:
    with ControlledMetrics() as metrics:
        yield account(
            AWS_ENDPOINT_URL_SAGEMAKER=sagemaker.url,
            AWS_ENDPOINT_URL_CLOUDWATCH=metrics.url,
            XDG_CACHE_HOME=str(tmp_path / "c"),
        )


def test_the_predictions_of_an_experiment(tmp_path: Path, s3: Any, settings: dict[str, str]) -> None:
    """Only what was captured since it was created: an earlier experiment wrote to the same place."""
    now = datetime.now(UTC) + timedelta(minutes=1)
    before = now - timedelta(days=2)
    for variant, answers in (("production", "10"), ("shadow", "11")):
        for moment, names in ((now, "ab"), (before, "cd")):
            lines = [
                line(answer, name, time=f"{moment:%FT%TZ}", event=f"{variant}-{name}")
                for answer, name in zip(answers, names, strict=True)
            ]
            write(tmp_path / "test-endpoint", variant, lines, f"{moment:%Y/%m/%d/%H}/file.jsonl")
            # Within the hour, and yet too early.
            write(
                tmp_path / "test-endpoint",
                variant,
                [line("1", "early", time=f"{before:%FT%TZ}")],
                f"{moment:%Y/%m/%d/%H}/e.jsonl",
            )
    upload(s3, tmp_path / "test-endpoint" / "endpoint", "data/test-endpoint/")
    answer = run("report", "test", "--captures", "--format", "json", settings=settings)
    assert answer.returncode == 0, answer.stderr
    found = answer.data()["predictions"]

    assert (found["production"], found["shadow"], found["place"]) == (
        "production",
        "shadow",
        "s3://captured/data/test-endpoint",
    )
    assert (found["pairs"], found["agreement"]) == (2, 0.5)
    assert len(list((tmp_path / "c").rglob("*.jsonl"))) == 4
    shown = run("report", "test", "--captures", "--html", str(tmp_path / "page.html"), settings=settings)
    assert "pairs" in shown.stdout
    page = assert_complete_in_itself((tmp_path / "page.html").read_text())
    assert {"verdict", "metrics", "predictions", "not-captured"} <= set(page.identifiers)
    assert {"Confusion", "Agreement over time"} <= set(page.drawings)
    assert ["pairs", "2, by inferenceId"] in page.tables["figures"]


REFUSED = {
    "no captured data": (("without", "--captures"), 1, "captures no data: it has no DataStorageConfig"),
    "no S3": (("elsewhere", "--captures"), 1, "captures to https://example.com/data, which is no s3:// address"),
    "a trial": (("--trial", "--captures"), 2, "--trial has no captured data"),
    "an option without captures": (("test", "--labels", "x.csv"), 2, "add --captures"),
}


@pytest.mark.parametrize(("arguments", "code", "message"), REFUSED.values(), ids=REFUSED)
def test_what_report_refuses(settings: dict[str, str], arguments: tuple[str, ...], code: int, message: str) -> None:
    answer = run("report", *arguments, settings=settings)

    assert answer.returncode == code
    assert message in answer.stderr
