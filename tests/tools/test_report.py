"""inference-experiment report against the local SageMaker and the synthetic CloudWatch, over HTTP."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from command_line import Finished, assert_one_line, run, run_process
from regional_sagemaker import add_experiment, environment
from standing_clock import StandingClock
from syrupy.assertion import SnapshotAssertion

from inference_experiment_local.clock import Clock
from inference_experiment_local.sagemaker.metrics import Behaviour
from protocol_driver.controlled import ControlledMetrics, ControlledSageMaker

HOUR = 3600.0
# The one thing that is of today: when the report was made.
MADE = re.compile(r"(reported\W+time\W+)[\d:TZ.+-]+")
PRODUCTION = Behaviour(requests_per_minute=600)
SHADOW = replace(PRODUCTION, requests_per_minute=300, latency_ms=42.0, error_rate=0.0004)
METRICS = [
    "invocations",
    "normalised",
    "per_instance",
    *(f"latency_{stat}" for stat in ("average", "p50", "p90", "p95", "p99")),
    "overhead_average",
    "model_errors",
    "errors_4xx",
    "errors_5xx",
    "cpu",
    "memory",
    "disk",
    "gpu",
    "gpu_memory",
]


@dataclass
class Desk:
    """Both local services, and the command that talks to them."""

    sagemaker: ControlledSageMaker
    metrics: ControlledMetrics

    def behave(self, shadow: Behaviour | None, production: Behaviour | None = PRODUCTION) -> None:
        both = {"production": production, "shadow": shadow}
        self.metrics.behaviours = {("test-endpoint", name): each for name, each in both.items() if each is not None}

    def settings(self, **more: str) -> dict[str, str]:
        return environment(self.sagemaker.url, AWS_ENDPOINT_URL_CLOUDWATCH=self.metrics.url) | more

    def report(self, *arguments: str, **more: str) -> Finished:
        return run("report", *arguments, settings=self.settings(**more))

    def document(self, *arguments: str) -> dict[str, Any]:
        finished = self.report("test", "--format", "json", *arguments)
        assert finished.returncode == 0, finished.stderr
        found: dict[str, Any] = json.loads(finished.stdout)
        return found


@pytest.fixture(scope="module")
def services() -> Iterator[Desk]:
    with ControlledSageMaker(clock=Clock(ahead=-5 * HOUR)) as sagemaker, ControlledMetrics() as metrics:
        description = "Is <b>version 2</b> & its model better?"
        add_experiment(sagemaker, Description=description, Tags=[{"Key": "team", "Value": "fraud"}])
        sagemaker.clock.advance(5 * HOUR - 60)
        client: Any = sagemaker.client()
        actions = {"production": "Retain", "shadow": "Remove"}
        client.stop_inference_experiment(Name="test", ModelVariantActions=actions, Reason="enough seen")
        sagemaker.clock.advance(30)
        add_experiment(sagemaker, "later", Schedule={"StartTime": sagemaker.clock.now() + HOUR})
        sagemaker.clock.advance(10)
        yield Desk(sagemaker, metrics)


@pytest.fixture
def desk(services: Desk) -> Desk:
    services.behave(SHADOW)
    services.metrics.reset()
    services.metrics.page_size = 100_800
    return services


def rows(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["metric"]: row for row in document["comparison"]}


def test_every_metric_of_both_variants_is_compared(desk: Desk) -> None:
    utilisation = {**SHADOW.utilisation, "GPUUtilization": 40.0, "GPUMemoryUtilization": 20.0}
    desk.behave(replace(SHADOW, utilisation=utilisation), replace(PRODUCTION, utilisation=utilisation))

    found = rows(desk.document())

    assert list(found) == METRICS
    empty = {name for name, row in found.items() if row["production"] is None or row["shadow"] is None}
    assert empty == set()
    asked = {
        (query["MetricStat"]["Metric"]["Namespace"], query["MetricStat"]["Metric"]["MetricName"])
        for call in desk.metrics.calls
        for query in call.parameters["MetricDataQueries"]
    }
    own = "Invocations InvocationsPerInstance ModelLatency OverheadLatency InvocationModelErrors".split()  # noqa: SIM905
    own += ["Invocation4XXErrors", "Invocation5XXErrors"]
    hosts = [f"{name}Utilization" for name in ("CPU", "Memory", "Disk", "GPU", "GPUMemory")]
    expected = {("AWS/SageMaker", name) for name in own} | {("/aws/sagemaker/Endpoints", name) for name in hosts}
    assert asked == expected


def test_sums_are_normalised_for_the_sampling(desk: Desk) -> None:
    """The shadow gets half of the requests: its share is told, and twice its invocations are production's."""
    found = rows(desk.document())

    assert found["invocations"]["difference"] is None
    assert abs(found["normalised"]["difference"]) < 0.01
    assert "50% are sampled" in found["invocations"]["note"]
    assert "if it grows with the traffic" in found["cpu"]["note"]


def test_differences_come_with_intervals_around_the_truth(desk: Desk) -> None:
    """42 ms are 5 % more than 40 ms, and 0.04 % are 0.02 points more than 0.02 %.

    One interval of 95 % in twenty misses the truth; one three times as wide, which is six standard errors, does not.
    """
    found = rows(desk.document())

    for metric, truth, widest in (("latency_average", 0.05, 0.02), ("model_errors", 0.0002, 0.0004)):
        low, high = found[metric]["low_95"], found[metric]["high_95"]
        assert 0 < high - low < widest
        assert abs(truth - (low + high) / 2) < 1.5 * (high - low)
    assert found["cpu"]["low_95"] is None


@pytest.mark.parametrize(
    ("shadow", "options", "result", "code"),
    [
        (SHADOW, [], "met", 0),
        (SHADOW, ["--max-latency-increase", "1%"], "missed", 1),
        (replace(SHADOW, latency_ms=30), ["--max-latency-increase", "-10%"], "met", 0),
        (SHADOW, ["--max-error-rate", "0.01%"], "missed", 1),
        (replace(SHADOW, spread=0.6), ["--latency-statistic", "p99"], "missed", 1),
        (replace(SHADOW, error_rate=0.009), [], "missed", 1),
        (replace(SHADOW, error_rate=0.009), ["--max-error-increase", "none"], "met", 0),
        (SHADOW, ["--min-invocations", "1000000"], "unknown", 3),
        (None, [], "unknown", 3),
    ],
)
def test_thresholds_and_check(desk: Desk, shadow: Behaviour | None, options: list[str], result: str, code: int) -> None:
    """The verdict is always reported; only --check turns it into an exit code."""
    desk.behave(shadow)

    assert desk.document(*options)["result"] == result
    finished = desk.report("test", "--check", *options)
    assert (finished.returncode, finished.stderr) == (code, "")


def test_without_any_metrics(desk: Desk) -> None:
    """An endpoint that nobody calls: nothing is claimed, nothing breaks, the page has no empty drawings."""
    desk.behave(None, None)

    finished = desk.report("test")

    assert finished.returncode == 0, finished.stderr
    assert "Not enough data" in finished.stdout
    assert "the shadow variant had 0 invocations, 100 are required" in finished.stdout


@pytest.mark.slow
def test_synthetic_metrics_are_marked_everywhere(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    table = desk.report("test", "--html", str(path))

    assert "Synthetic metrics: nothing was measured." in table.stdout
    assert desk.document()["synthetic"] is True
    assert 'id="synthetic">Synthetic metrics: nothing was measured.' in path.read_text()


@pytest.mark.slow
def test_pages_of_values_are_put_together(desk: Desk) -> None:
    whole = desk.document()
    desk.metrics.clear_calls()
    desk.metrics.page_size = 2_500

    paged = desk.document()

    assert len(desk.metrics.calls) > 2
    assert paged["comparison"] == whole["comparison"]


@pytest.mark.parametrize("form", ["table", "json", "yaml", "csv"])
def test_forms(standing: Desk, form: str, snapshot: SnapshotAssertion) -> None:
    """An experiment of a fixed day, whose synthetic metrics are the same every time."""
    finished = standing.report("test", "--format", form, "--max-error-rate", "0.03%")

    assert finished.returncode == 0, finished.stderr
    assert MADE.sub(r"\1", finished.stdout) == snapshot


@pytest.fixture(scope="module")
def standing() -> Iterator[Desk]:
    """Services whose clock stands on a day long ago, but for what a test skips."""
    # The beginning of a day of 2026
    with ControlledSageMaker(clock=StandingClock(1_767_600_000.0)) as sagemaker, ControlledMetrics() as metrics:
        add_experiment(sagemaker, Description="Is version 2 better?")
        sagemaker.clock.advance(24 * HOUR)
        client: Any = sagemaker.client()
        actions = {"production": "Remove", "shadow": "Promote"}
        client.stop_inference_experiment(Name="test", ModelVariantActions=actions, Reason="enough seen")
        sagemaker.clock.advance(30)
        desk = Desk(sagemaker, metrics)
        desk.behave(SHADOW)
        yield desk


def test_the_page_needs_nothing_and_escapes_everything(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "report.html"

    finished = desk.report("test", "--html", str(path))

    assert (finished.returncode, finished.stderr) == (0, f"wrote {path}\n")
    text = path.read_text()
    assert "Is &lt;b&gt;version 2&lt;/b&gt; &amp; its model better?" in text
    assert "<b>version" not in text
    addresses = set(re.findall(r"""(?:src|href|url\()=?["']?([^"')\s>]+)""", text))
    assert {address for address in addresses if not address.startswith(("#", "data:"))} == set()
    assert "default-src 'none'" in text
    assert text.count('role="img"') == 5
    identifiers = re.findall(r'\sid="([^"]+)"', text)
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["test", "--max-latency-increase", "10"], "--max-latency-increase 10: is not a percentage"),
        (["test", "--max-error-rate", "many"], "--max-error-rate many: is not a percentage"),
        ([], "pass NAME or --trial"),
        (["test", "--trial"], "pass NAME or --trial, not both"),
        (
            ["test", "--html", "/nowhere/report.html", "--format", "csv"],
            "/nowhere/report.html: cannot be written",
        ),
    ],
)
def test_mistakes_are_one_line_and_exit_2(desk: Desk, arguments: list[str], words: str) -> None:
    assert_one_line(desk.report(*arguments), 2, words)


def test_what_cannot_be_reported_on_is_one_line_and_exit_1(desk: Desk) -> None:
    assert_one_line(desk.report("nobody"), 1, "no experiment nobody in us-east-1")
    assert_one_line(desk.report("later"), 1, "experiment later starts at ")


def test_what_aws_refuses_is_one_line_and_exit_4(desk: Desk) -> None:
    refusal = "User: arn:aws:iam::1:user/a is not authorized to perform: cloudwatch:GetMetricData"
    desk.metrics.fail_next("GetMetricData", "AccessDenied", refusal, status_code=403)
    assert_one_line(desk.report("test"), 4, "GetMetricData", "not authorized")
    assert_one_line(desk.report("test", AWS_ENDPOINT_URL_CLOUDWATCH="http://127.0.0.1:1"), 4, "Could not connect")


def test_metrics_that_are_not_complete_are_one_line_and_exit_4(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What CloudWatch could not return would count as no errors."""
    complete = desk.metrics.perform

    def perform(operation: str, parameters: Any) -> Any:
        answer = complete(operation, parameters)
        answer["MetricDataResults"][0] |= {"Timestamps": [], "Values": [], "StatusCode": "InternalError"}
        return answer

    monkeypatch.setattr(desk.metrics, "perform", perform)
    assert_one_line(desk.report("test", "--check"), 4, "incomplete data of production_invocations")


@pytest.mark.slow
def test_without_the_extra(desk: Desk, tmp_path: Path) -> None:
    """Only the page needs the plotting library; one that cannot be imported stands for one that is not installed."""
    (tmp_path / "matplotlib.py").write_text("raise ImportError('not installed')\n")
    settings = desk.settings(PYTHONPATH=str(tmp_path))

    refused = run_process("report", "test", "--html", str(tmp_path / "report.html"), settings=settings)

    assert_one_line(refused, 2, "pip install 'cfn-inference-experiment[report]'")
    assert refused.stdout == ""
    assert run_process("report", "test", settings=settings).returncode == 0


def test_trial_needs_no_account() -> None:
    finished = run("report", "--trial", "--format", "json", settings={"AWS_PROFILE": "nobody", "HOME": "/nowhere"})

    assert finished.returncode == 0, finished.stderr
    document = json.loads(finished.stdout)
    assert (document["name"], document["synthetic"], document["result"]) == ("fraud-v2", True, "met")


def test_help_has_examples_and_exit_codes() -> None:
    text = " ".join(run("report", "--help").stdout.split())

    assert "Examples: inference-experiment report" in text
    assert "Exit codes: 0 reported, 1 no such experiment" in text
