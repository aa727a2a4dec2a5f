"""Every template of the gallery is free of findings, and deploys, updates and goes on the local AWS."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from inference_experiment import metrics
from inference_experiment.contract import CUSTOM_TYPE
from inference_experiment_cli.demo.run import PARAMETERS, PROVIDER_PARAMETERS, PROVIDER_STACK
from inference_experiment_cli.lint.engine import lint
from inference_experiment_local.errors import StackFailed
from protocol_driver.controlled import ControlledCloud

ROOT = Path(__file__).resolve().parent.parent
GALLERY = ROOT / "examples"
EXAMPLES = sorted(path for path in GALLERY.rglob("*.yaml") if path.parent.name != "broken")
TEMPLATES = "templates"  # the bucket
ENDPOINTS = ("endpoint", "second")
REGIONS = {
    "several-regions.yaml": ("us-east-1", "eu-west-1", "ap-south-2"),
    "1-native.yaml": ("us-east-1", "eu-west-1"),
}
EVERYWHERE = ("us-east-1", "eu-west-1", "ap-southeast-2")
ROLE = "arn:aws:iam::123456789012:role/experiment"
EXISTING = {
    "EndpointName": "endpoint",
    "ProductionModelName": "model-1",
    "ShadowModelName": "model-2",
    "ExperimentRoleArn": ROLE,
}
QUEUES = {
    "WaitQueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/wait",
    "DeadLetterQueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/dead",
}
LATER = {"StartTime": "2090-01-01T08:00:00Z", "EndTime": "2090-01-08T08:00:00Z"}
# Template -> the parameters of one deployment after another, and the status of its experiments after each.
DEPLOYMENTS: dict[str, list[tuple[Mapping[str, str], str]]] = {
    "shadow-test.yaml": [
        (PARAMETERS, "Running"),
        ({**PARAMETERS, "SamplingPercentage": "50"}, "Running"),
        ({**PARAMETERS, "SamplingPercentage": "50", "Verdict": "keep-production"}, "Completed"),
    ],
    "scheduled-test.yaml": [
        ({**EXISTING, **LATER}, "Created"),
        ({**EXISTING, **LATER, "EndTime": "2090-01-15T08:00:00Z"}, "Created"),
    ],
    "promotion.yaml": [
        (EXISTING, "Running"),
        ({**EXISTING, "Verdict": "keep-production"}, "Completed"),
        ({**EXISTING, "Round": "2"}, "Running"),
        ({**EXISTING, "Round": "2", "Verdict": "promote-shadow"}, "Completed"),
    ],
    "gated-promotion.yaml": [
        (EXISTING, "Running"),
        ({**EXISTING, "SamplingPercentage": "50"}, "Running"),
        ({**EXISTING, "SamplingPercentage": "50", "Verdict": "promote-shadow"}, "Completed"),
    ],
    "shadow-alarm.yaml": [
        (EXISTING, "Running"),
        ({**EXISTING, "MaxErrorRate": "0.1"}, "Running"),
        ({**EXISTING, "Verdict": "keep-production"}, "Completed"),
    ],
    "dashboard.yaml": [(QUEUES, "")],
    "capture-with-kms.yaml": [(EXISTING, "Running")],
    "several-regions.yaml": [(EXISTING, "Running")],
    "nested/experiment.yaml": [(EXISTING, "Running")],
    "nested-stack.yaml": [({**EXISTING, "FirstEndpointName": "endpoint", "SecondEndpointName": "second"}, "Running")],
    "migration/2-custom.yaml": [(EXISTING, "Running")],
}
# Buckets that an example keeps on purpose: captured data outlive their stack.
KEPT = {"capture-with-kms.yaml": 1, "shadow-test.yaml": 1}
PROMOTED = {"gated-promotion.yaml", "promotion.yaml"}
# ministack has no native type: it is linted and not deployed.
NOT_DEPLOYED = {"migration/1-native.yaml"}


def name_of(path: Path) -> str:
    return path.relative_to(GALLERY).as_posix()


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_an_example_has_no_findings(path: Path) -> None:
    assert lint(path, REGIONS.get(path.name, EVERYWHERE)) == []


def test_every_example_is_deployed() -> None:
    assert set(DEPLOYMENTS) | NOT_DEPLOYED == {name_of(path) for path in EXAMPLES}


def test_the_readme_lists_every_example() -> None:
    """By itself, or by the page of its folder."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = {GALLERY / found for found in re.findall(r"\]\(examples/([^)]+)\)", readme)}

    assert [path for path in EXAMPLES if path not in linked and path.parent / "README.md" not in linked] == []


@pytest.fixture(scope="module")
def cloud() -> Iterator[ControlledCloud]:
    with ControlledCloud() as running:
        yield running


@pytest.fixture(scope="module")
def provider(cloud: ControlledCloud) -> dict[str, str]:
    return cloud.deploy(PROVIDER_STACK, ROOT / "template.yaml", PROVIDER_PARAMETERS)


@pytest.fixture
def endpoints(cloud: ControlledCloud) -> ControlledCloud:
    """Two endpoints that run model-1, and the models that the examples name."""
    sagemaker = cloud.sagemaker
    sagemaker.reset()
    for name in ENDPOINTS:
        sagemaker.add_endpoint(name, "production", "model-1")
    for name in ("model-2", "fraud-1-us-east-1", "fraud-2-us-east-1"):
        sagemaker.add_model(name)
    sagemaker.durations.update(dict.fromkeys(sagemaker.durations, 0.3))
    return cloud


def uploaded(cloud: ControlledCloud, path: Path) -> str:
    """Put a template where CloudFormation finds it, and return its URL."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=TEMPLATES)
    s3.put_object(Bucket=TEMPLATES, Key=path.name, Body=path.read_bytes())
    return f"{cloud.url}/{TEMPLATES}/{path.name}"


def asked(template: Path, given: Mapping[str, str], cloud: ControlledCloud) -> dict[str, str]:
    """Return the parameters that a template has, out of those given."""
    known = set(
        re.findall(r"^  (\w+):\n    Type: (?:String|Number)$", template.read_text(encoding="utf-8"), re.MULTILINE)
    )
    parameters = {name: value for name, value in given.items() if name in known}
    if "ExperimentTemplateUrl" in known:
        parameters["ExperimentTemplateUrl"] = uploaded(cloud, GALLERY / "nested" / "experiment.yaml")
    return parameters


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_an_example_deploys_and_goes(name: str, endpoints: ControlledCloud, provider: dict[str, str]) -> None:
    template = GALLERY / name
    before = buckets(endpoints)
    for given, status in DEPLOYMENTS[name]:
        endpoints.deploy("example", template, asked(template, given, endpoints))
        assert statuses(endpoints) == [status] * expected_experiments(template)

    endpoints.delete_stack("example")

    assert statuses(endpoints) == []
    assert [queue for queue in ("WaitQueueUrl", "DeadLetterQueueUrl") if endpoints.queue_depth(provider[queue])] == []
    assert len(buckets(endpoints) - before - {TEMPLATES}) == KEPT.get(name, 0)
    running = [endpoints.sagemaker.endpoint_variants(endpoint) for endpoint in ENDPOINTS]
    assert [list(variants) for variants in running] == [
        ["shadow" if name in PROMOTED else "production"],
        ["production"],
    ]


def test_the_round_after_a_promotion_is_as_the_example_says(
    endpoints: ControlledCloud, provider: dict[str, str]
) -> None:
    """The promoted variant keeps its name: both names are exchanged, in a copy of the template."""
    assert provider
    endpoints.sagemaker.add_model("model-3")
    template = GALLERY / "promotion.yaml"
    head, experiment = template.read_text(encoding="utf-8").split("Resources:")
    names = {"VariantName: production": "VariantName: shadow", "VariantName: shadow": "VariantName: production"}
    names |= {"{production: Remove, shadow: Promote}": "{shadow: Remove, production: Promote}"}
    pattern = "|".join(map(re.escape, names))
    exchanged = endpoints.directory / template.name
    exchanged.write_text(
        f"{head}Resources:{re.sub(pattern, lambda found: names[found[0]], experiment)}", encoding="utf-8"
    )
    models = {"ProductionModelName": "model-2", "ShadowModelName": "model-3", "Round": "2"}
    endpoints.deploy("example", template, EXISTING)
    endpoints.deploy("example", template, {**EXISTING, "Verdict": "promote-shadow"})

    endpoints.deploy("example", exchanged, {**EXISTING, **models})
    endpoints.deploy("example", exchanged, {**EXISTING, **models, "Verdict": "promote-shadow"})

    (production,) = endpoints.sagemaker.endpoint_variants("endpoint").items()
    assert production[0] == "production"
    assert production[1].model_name == "model-3"
    endpoints.delete_stack("example")


def test_a_test_that_an_alarm_has_stopped_is_over(endpoints: ControlledCloud, provider: dict[str, str]) -> None:
    """The state machine's own call stops it; the stack can be updated, but nothing can be promoted any more."""
    assert provider
    template = GALLERY / "shadow-alarm.yaml"
    outputs = endpoints.deploy("example", template, EXISTING)
    machines = endpoints.client("stepfunctions")
    machine = machines.describe_state_machine(stateMachineArn=outputs["StateMachineArn"])
    stop = json.loads(machine["definition"])["States"]["Stop"]
    arguments = {**stop["Parameters"], "Reason": "Alarm LatencyAlarm"}
    assert arguments.pop("Reason.$") == "States.Format('Alarm {}', $.detail.alarmName)"
    assert stop["Resource"].endswith(":aws-sdk:sagemaker:stopInferenceExperiment")

    endpoints.sagemaker.client().stop_inference_experiment(**arguments)
    endpoints.sagemaker.wait_for(arguments["Name"], "Cancelled")
    endpoints.deploy("example", template, {**EXISTING, "MaxErrorRate": "0.1"})
    with pytest.raises(StackFailed, match="is Cancelled, not Completed: Alarm LatencyAlarm"):
        endpoints.deploy("example", template, {**EXISTING, "MaxErrorRate": "0.1", "Verdict": "promote-shadow"})

    assert list(endpoints.sagemaker.endpoint_variants("endpoint")) == ["production"]
    endpoints.deploy("example", template, {**EXISTING, "Round": "2"})
    assert statuses(endpoints) == ["Running"]
    endpoints.delete_stack("example")


def test_the_dashboard_shows_the_metrics_of_the_function(endpoints: ControlledCloud, provider: dict[str, str]) -> None:
    """All that it writes, and no other, of the function's and the queue's names."""
    endpoints.deploy("example", GALLERY / "dashboard.yaml", {name: provider[name] for name in QUEUES})
    cloudwatch = endpoints.client("cloudwatch")
    (dashboard,) = cloudwatch.list_dashboards()["DashboardEntries"]
    body = json.loads(cloudwatch.get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"])
    lines = [line for widget in body["widgets"] for line in widget["properties"]["metrics"]]
    shown = {namespace: [] for namespace in (metrics.NAMESPACE, "AWS/SQS", "AWS/Lambda")}
    namespace = ""
    for line in lines:
        namespace = line[0] if line[0] in shown else namespace
        shown[namespace] += [each for each in line[1:] if isinstance(each, str)]

    assert set(metrics.UNITS) <= set(shown[metrics.NAMESPACE])
    assert provider["ServiceToken"].rpartition(":")[2] in shown[metrics.NAMESPACE]
    assert {provider[name].rpartition("/")[2] for name in QUEUES} <= set(shown["AWS/SQS"])
    endpoints.delete_stack("example")


def buckets(cloud: ControlledCloud) -> set[str]:
    return {bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]}


def statuses(cloud: ControlledCloud) -> list[str]:
    pages = cloud.sagemaker.client().get_paginator("list_inference_experiments").paginate()
    return [each["Status"] for page in pages for each in page["InferenceExperiments"]]


def expected_experiments(template: Path) -> int:
    text = template.read_text(encoding="utf-8")
    return text.count(f"Type: {CUSTOM_TYPE}") + text.count("Type: AWS::CloudFormation::Stack")


@pytest.mark.slow
def test_the_page_about_the_cdk_names_what_there_is() -> None:
    """Type, export and rule that docs/cdk.md relies on."""
    page = (ROOT / "docs" / "cdk.md").read_text(encoding="utf-8")

    assert f"'{CUSTOM_TYPE}'" in page
    assert "${AWS::StackName}-ServiceToken" in (ROOT / "template.yaml").read_text(encoding="utf-8")
    for rule in re.findall(r"\b[EWI]9\d{3}\b", page):
        assert (ROOT / "docs" / "rules" / f"{rule}.md").exists()


@pytest.mark.slow
def test_what_the_cdk_synthesises_is_linted(tmp_path: Path) -> None:
    """The template of the page's example, as `cdk synth` writes it."""
    properties: dict[str, Any] = {
        "ServiceToken": {"Fn::ImportValue": "inference-experiment-provider-ServiceToken"},
        "ServiceTimeout": 3600,
        "Type": "ShadowMode",
        "RoleArn": ROLE,
        "EndpointName": "endpoint",
        "ModelVariants": [variant("production", "fraud-1"), variant("shadow", "fraud-2")],
        "ShadowModeConfig": {
            "SourceModelVariantName": "production",
            "ShadowModelVariants": [{"ShadowModelVariantName": "shadowed", "SamplingPercentage": 10}],
        },
    }
    experiment = {
        "Type": CUSTOM_TYPE,
        "UpdateReplacePolicy": "Delete",
        "DeletionPolicy": "Delete",
        "Properties": properties,
    }
    (tmp_path / "Stack.template.json").write_text(
        json.dumps({"Resources": {"Experiment": experiment}}), encoding="utf-8"
    )
    command = [str(Path(sys.executable).with_name("inference-experiment")), "lint", str(tmp_path), "--no-cache"]

    finished = subprocess.run(command, capture_output=True, text=True, check=False)

    assert "E9503 'shadowed'" in finished.stdout


def variant(name: str, model: str) -> dict[str, Any]:
    infrastructure = {
        "InfrastructureType": "RealTimeInference",
        "RealTimeInferenceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
    }
    return {"VariantName": name, "ModelName": model, "InfrastructureConfig": infrastructure}
