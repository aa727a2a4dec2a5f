"""Assumptions of the 98xx rules: SAM's own policies, one finding for a shared role, and their run time."""

import json
import time
from pathlib import Path

import pytest
import samtranslator.policy_templates_data as sam
from cfnlint.template import Template
from linting import FIXTURES, lint_text, runner

from iam_policy.service_data import packaged
from shadow_test_policies.experiment import ExperimentTemplate
from shadow_test_policies.physical_names import PhysicalNames
from shadow_test_policies.role_policies import LOGGING, POLLING, role_of_function

NEEDED = ("InferenceExperiment", "PassRole", "sagemaker:AddTags", "sagemaker:*", "DescribeStacks", "GetMetricData")
SAM = packaged("shadow_test_policies", "sam_policies.json")
TEMPLATE = (FIXTURES / "E9801" / "fail-missing-action.yaml").read_text()


def sam_templates() -> dict[str, str]:
    path = Path(sam.__file__).parent / "policy_templates.json"
    templates = json.loads(path.read_text())["Templates"]
    return {name: json.dumps(template["Definition"]) for name, template in templates.items()}


def test_no_other_sam_template_grants_what_is_needed() -> None:
    found = sam_templates()
    granting = {name for name, text in found.items() if any(action in text for action in NEEDED)}
    granting |= {name for name, text in found.items() if '"sqs:' in text or "CreateNetworkInterface" in text}

    assert granting == set(SAM["grants"])


@pytest.mark.parametrize("name", SAM["grants"])
def test_sam_templates_grant_what_we_say(name: str) -> None:
    (statement,) = json.loads(sam_templates()[name])["Statement"]
    granted = SAM["grants"][name]

    assert sorted(granted["actions"]) == sorted(statement["Action"])
    assert granted["resource"].replace("QueueName", "queueName") in json.dumps(statement["Resource"])


def test_sam_still_attaches_these_itself() -> None:
    source = Path(sam.__file__).parents[1] / "model"
    texts = "".join(path.read_text() for path in source.rglob("*.py"))
    assert LOGGING in texts
    assert POLLING in texts


@pytest.mark.parametrize(
    ("source", "destination", "queues"),
    [("Provider", "Queue", 1), ("Provider", "Table", 0), ("Other", "Queue", 0)],
)
def test_a_connector_grants_what_sam_grants(source: str, destination: str, queues: int) -> None:
    connector = {"Source": {"Id": source}, "Destination": {"Id": destination}, "Permissions": ["Read", "Write"]}
    resources = {
        "Provider": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"Handler": "inference_experiment.handler.handler"},
        },
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Table": {"Type": "AWS::DynamoDB::Table"},
        "Connector": {"Type": "AWS::Serverless::Connector", "Properties": connector},
    }
    view = ExperimentTemplate({"Resources": resources})
    (scenario,) = view.scenarios({"Provider"})

    role = role_of_function("Provider", PhysicalNames(view, scenario))

    granted = [each for each in role.identity if each.name == "connector"]
    assert len(granted) == queues
    profile = json.loads((Path(sam.__file__).parents[1] / "model" / "connector_profiles" / "profiles.json").read_text())
    categories = profile["Permissions"]["AWS::Lambda::Function"]["AWS::SQS::Queue"]["Properties"]["AccessCategories"]
    assert {name: each["Statement"][0]["Action"] for name, each in categories.items()} == SAM["connectedQueue"]


def test_the_parameters_of_policy_templates_are_those_of_sam() -> None:
    path = Path(sam.__file__).parent / "policy_templates.json"
    templates = json.loads(path.read_text())["Templates"]
    assert SAM["parameters"] == {name: sorted(template["Parameters"]) for name, template in templates.items()}


def test_a_role_that_two_experiments_share_is_reported_once_for_what_is_the_same() -> None:
    experiment = TEMPLATE.partition("Resources:\n")[2].partition("  Provider:")[0]
    second = experiment.replace("  Experiment:", "  Second:").replace("EndpointName: fraud", "EndpointName: other")
    matches = lint_text(TEMPLATE.replace("Resources:\n", f"Resources:\n{second}"))

    assert [match.rule.id for match in matches if match.rule.id == "E9801"] == ["E9801"]


def test_the_rules_take_little_time() -> None:
    """Measured 12 ms where a template has a provider, on the machine that this was written on."""
    rules = [found for rule, found in runner().rules.items() if rule[1:3] == "98"]
    started = time.perf_counter()
    for number in range(5):
        run = runner()
        template = Template(f"{number}.yaml", _decoded(), list(run.config.regions or ["us-east-1"]))
        for rule in rules:
            rule.match(template)
    assert time.perf_counter() - started < 5


def _decoded() -> dict[str, object]:
    from cfnlint.decode import cfn_yaml  # noqa: PLC0415 - one use

    decoded: dict[str, object] = cfn_yaml.loads(TEMPLATE)
    return decoded
