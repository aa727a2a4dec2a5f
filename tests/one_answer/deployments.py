"""Actual deployments: the function, in this process, on the local AWS, with CloudFormation's protocol."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from one_answer.answers import Behaviour, ControlledMetrics, ProtocolCloud, permissions_of, run, stringified
from one_answer.pairs import Pair

OWNER = "cfn-inference-experiment:owner"
WORDS = {
    "GetMetricData": "check the criteria",
    "GetObject": "check the criteria",
    "CreateInferenceExperiment": "create",
    "UpdateInferenceExperiment": "update in place",
    "AddTags": "update in place",
    "DeleteTags": "update in place",
    "StartInferenceExperiment": "start",
    "DeleteInferenceExperiment": "delete",
}
READS = ("Describe", "List", "SendMessage")
TRANSITION = 15.0  # seconds of each: the request takes 10 to arrive, and what is left needs few polls


@dataclass(frozen=True)
class Outcome:
    """The result of an update, predicted or actual."""

    verdict: str
    calls: tuple[tuple[str, Any], ...]
    afterwards: tuple[tuple[str, Any], ...]
    actions: frozenset[str]


@contextmanager
def with_metrics(cloud: ProtocolCloud) -> Iterator[ControlledMetrics]:
    """Let the function find good metrics of both variants."""
    environment = cloud.function.environment
    with ControlledMetrics() as metrics:
        for name in ("production", "shadow"):
            metrics.behaviours["endpoint", name] = Behaviour()
        environment["AWS_ENDPOINT_URL_CLOUDWATCH"] = metrics.url
        cloud.function.cold_start()
        yield metrics
        del environment["AWS_ENDPOINT_URL_CLOUDWATCH"]
        cloud.function.cold_start()


class Deployment:
    """One stack on the local AWS, before and after an update."""

    def __init__(self, cloud: ProtocolCloud, metrics: ControlledMetrics, pair: Pair) -> None:
        self._cloud, self._metrics, self._pair = cloud, metrics, pair
        cloud.reset()
        for endpoint in ("endpoint", "endpoint-2"):
            cloud.sagemaker.add_endpoint(endpoint, "production", "model-1")
        for model in ("model-2", "model-3"):
            cloud.sagemaker.add_model(model)
        cloud.function.timeout = 6.0  # so short that every wait is handed over
        cloud.sagemaker.durations.update(dict.fromkeys(cloud.sagemaker.durations, TRANSITION))
        self.stack = cloud.stack("STACK")
        self.name = ""
        if pair.old is not None:
            self._bring_about(pair.old)
        cloud.sagemaker.clear_calls()

    def _bring_about(self, old: Mapping[str, Any]) -> None:
        """Make the experiment as the stack did once, and bring it to the status of the pair."""
        client, clock, stack = self._cloud.sagemaker.client(), self._cloud.clock, self.stack
        self.name = old.get("Name") or "STACK-Experiment-0123456789ab"
        guid = stack.stack_id.rpartition("/")[2]
        own = ("ServiceToken", "DesiredState", "StatusReason", "ModelVariantActions", "PromotionCriteria")
        members: Any = {key: value for key, value in old.items() if key not in own}
        tags = [*old.get("Tags", ()), {"Key": OWNER, "Value": f"{guid}/Experiment/earlier"}]
        client.create_inference_experiment(**{**members, "Name": self.name, "Tags": tags})
        stack.status, stack.physical_id, stack.properties = "CREATE_COMPLETE", self.name, stringified(old)
        status = self._pair.status
        if status == "Creating":
            return
        clock.advance(sum(self._cloud.sagemaker.durations.values()))
        if status == "Updating" and "Schedule" in old:
            assert self._waits()
        if status == "Starting" or (status == "Running" and self._waits()):
            client.start_inference_experiment(Name=self.name)
        if status == "Updating":
            client.update_inference_experiment(Name=self.name, Description=old.get("Description", "d"))
        if status in {"Stopping", "Completed", "Cancelled"}:
            actions: Any = self._pair.actions or {"production": "Retain", "shadow": "Remove"}
            state: Any = "Cancelled" if status == "Cancelled" else "Completed"
            client.stop_inference_experiment(
                Name=self.name, ModelVariantActions=actions, DesiredState=state, Reason="enough"
            )
        if status not in {"Starting", "Updating", "Stopping"}:
            clock.advance(sum(self._cloud.sagemaker.durations.values()))
        assert self._cloud.sagemaker.status(self.name) == status

    def _waits(self) -> bool:
        return self._cloud.sagemaker.status(self.name) == "Created"

    def planned(self) -> Outcome:
        """Return what `inference-experiment plan` predicts."""
        Path("new.json").write_text(json.dumps(self._pair.new), encoding="utf-8")
        arguments = ["plan", "new.json", "--format", "json"]
        if self._pair.live:
            arguments += ["--current", self.name]
        elif self._pair.old is not None:
            Path("old.json").write_text(json.dumps(self._pair.old), encoding="utf-8")
            arguments += ["--previous", "old.json", "--status", self._pair.status]
        with self._cloud.clock.ruling():
            answer = run(*arguments, settings=self._settings())
        assert answer.stdout, answer.stderr
        self._metrics.clear_calls()
        self._cloud.sagemaker.clear_calls()
        plan = answer.data()
        calls = tuple((one["operation"], steady(one["arguments"])) for one in plan["calls"])
        afterwards = tuple((one["operation"], steady(one["arguments"])) for one in plan["afterwards"])
        return Outcome(plan["verdict"], calls, afterwards, frozenset(one["action"] for one in plan["permissions"]))

    def _settings(self) -> dict[str, str]:
        keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
        urls = {name: value for name, value in self._cloud.function.environment.items() if "ENDPOINT_URL" in name}
        return {**keys, **urls, "AWS_REGION": "us-east-1", "AWS_CONFIG_FILE": "/dev/null", "NO_PROXY": "127.0.0.1"}

    def done(self) -> Outcome:
        """Deploy the update, as late as possible, and return what the function did."""
        cloud, stack = self._cloud, self.stack
        if self._pair.old is None:
            stack.begin_create(self._pair.new)
        else:  # with another ServiceTimeout: for what is unchanged CloudFormation sends nothing
            stack.begin_update({**self._pair.new, "ServiceTimeout": 3599})
        cloud.clock.advance(10)  # CloudFormation's request was on its way so long
        (request,) = stack.requests
        while request.answer is None:
            assert cloud.step(), "the request is not answered"
        calls = list(self._called())
        if not request.answer.success:
            return Outcome("impossible", (), (), permitted(calls))
        replaced = self._pair.old is not None and request.answer.physical_id != self.name
        while stack.in_progress:
            cloud.step()
        afterwards = list(self._called()) if replaced else []
        verdict = "replacement" if replaced else self._verdict(calls)
        return Outcome(verdict, changing(calls), changing(afterwards), permitted([*calls, *afterwards]))

    def _verdict(self, calls: Iterable[tuple[str, Any]]) -> str:
        words = [
            WORDS.get(operation) or ("stop and promote" if "Promote" in json.dumps(arguments) else "stop")
            for operation, arguments in changing(calls)
        ]
        return ", then ".join(dict.fromkeys(words)) or "nothing to do"

    def _called(self) -> Iterator[tuple[str, Any]]:
        """Yield the calls since the last time; the metrics are read before the first change."""
        cloud = self._cloud
        for _ in self._metrics.calls:
            yield "GetMetricData", {}
        for call in cloud.sagemaker.calls:
            yield call.operation, steady(call.parameters)
        for other in cloud.services.calls:
            yield other.operation, {}
        self._metrics.clear_calls()
        cloud.sagemaker.clear_calls()
        cloud.services.clear_calls()


def changing(calls: Iterable[tuple[str, Any]]) -> tuple[tuple[str, Any], ...]:
    """Return the calls that change something, or decide about it."""
    return tuple(call for call in calls if not call[0].startswith(READS))


def permitted(calls: Iterable[tuple[str, Any]]) -> frozenset[str]:
    """Return the IAM actions that these calls require."""
    return frozenset(action for operation, _ in calls for action in permissions_of(operation))


def steady(value: Any, key: str = "") -> Any:
    """Return arguments without what differs from request to request: ids in names, tags and reasons, forms of times."""
    if isinstance(value, Mapping):
        owner = {"Value": "owner"} if value.get("Key") == OWNER else {}
        return {} if "MetricDataQueries" in value else {name: steady(value[name], name) for name in value} | owner
    if isinstance(value, list):
        return [steady(item) for item in value]
    if isinstance(value, str):
        value = value.rpartition("/")[2] if key == "ResourceArn" else value
        value = re.sub(r"(CloudFormation request ).*", r"\1ID", value)
        return re.sub(r"^\S+-Experiment-([0-9a-f]{12}|previous)$", "derived name", value)
    if key in {"StartTime", "EndTime"}:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def differences(planned: Outcome, done: Outcome) -> list[str]:
    """Return the differences of a prediction, one line per kind."""
    lines = []
    if planned.verdict != done.verdict:
        lines.append(f"verdict: planned {planned.verdict!r}, done {done.verdict!r}")
    for kind in ("calls", "afterwards"):
        first, second = getattr(planned, kind), getattr(done, kind)
        if first != second:
            lines.append(f"{kind}: planned {first}, done {second}")
    if planned.actions != done.actions:
        missing, more = sorted(done.actions - planned.actions), sorted(planned.actions - done.actions)
        lines.append(f"permissions: not planned {missing}, not used {more}")
    return lines
