"""What the roles need, as data: agreed with the contract, AWS's own handler permissions and AWS's action data."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib import resources

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from checking import check

from iam_policy import Outcome, Policies, Role, assumed, read_json, read_node
from iam_policy.match.arns import may_overlap
from iam_policy.service_data.actions import action, can_carry, data_version, resource_patterns
from inference_experiment import contract
from shadow_test_policies.decisions import diff
from shadow_test_policies.requirements import (
    Deployment,
    Level,
    Requirement,
    deployer_requirements,
    experiment_requirements,
    provider_requirements,
)

EVERYTHING = Deployment(
    capture_uri="s3://capture-bucket/prefix/",
    capture_key="arn:aws:kms:us-east-1:123456789012:key/capture",
    volume_key="arn:aws:kms:us-east-1:123456789012:key/volume",
    prediction_result="s3://results/test.json",
)


def handlers_of(kind: str) -> dict[str, set[str]]:
    """Return AWS's own permissions of a resource type, by handler."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return {name: set(entry["permissions"]) for name, entry in schema["handlers"].items()}


@pytest.mark.parametrize("handler", contract.handlers())
def test_the_provider_needs_what_its_contract_says(handler: str) -> None:
    """Promise: requirements and operations.json are one list."""
    always = {permission.action for permission in contract.function_permissions()}

    needed = {one.action for one in provider_requirements(EVERYTHING, (handler,))}

    assert needed == always | contract.actions_for(handler)


def test_a_result_is_read_only_where_there_is_one() -> None:
    """Promise: the policy of a provider without PredictionResult has no permission on S3; with one, that object."""
    plain, full = (provider_requirements(place) for place in (Deployment(), EVERYTHING))

    (added,) = {(one.action, str(one.resource)) for one in full} - {(one.action, str(one.resource)) for one in plain}
    assert added == ("s3:GetObject", "arn:${AWS::Partition}:s3:::results/test.json")


@pytest.mark.parametrize("handler", contract.handlers())
def test_the_provider_needs_no_less_than_the_native_type(handler: str) -> None:
    """Promise: where AWS's own handler needs a permission that ours does not, the reason is written here."""
    reasons = {
        # Our create reads the owner tag only of what it finds; AWS lists AddTags and ListTags for every create.
        "create": set(),
        # Update replaces, so it needs create's and delete's permissions as well; nothing is missing.
        "update": set(),
        "read": set(),
        "delete": set(),
        "list": set(),
    }
    needed = {one.action for one in provider_requirements(Deployment(), (handler,))}

    assert handlers_of(contract.NATIVE_TYPE)[handler] - needed == reasons[handler]


def test_the_deployer_needs_only_what_aws_lists_for_the_types() -> None:
    """Promise: each action that we ascribe to a resource type is among AWS's permissions of its handlers."""
    data = resources.files("shadow_test_policies").joinpath("data", "requirements.json")
    entries = [entry for entry in json.loads(data.read_text(encoding="utf-8"))["deployer"] if "type" in entry]
    assert entries
    for entry in entries:
        listed = set().union(*handlers_of(entry["type"]).values())
        assert not set(entry["actions"]) - listed, entry["type"]


@pytest.mark.parametrize(
    "requirement",
    [
        *provider_requirements(EVERYTHING),
        *(one for one in experiment_requirements(EVERYTHING) if not one.service),
        *deployer_requirements(Deployment()),
    ],
    ids=lambda one: f"{one.action} {one.subject}",
)
def test_every_needed_action_exists_and_works_on_its_resource(requirement: object) -> None:
    """Promise: names, resource types and context keys agree with AWS's data, and each entry has a source."""
    assert isinstance(requirement, Requirement)
    assert action(requirement.action) is not None
    assert requirement.source
    forms = resource_patterns(requirement.action)
    if requirement.resource == "*":
        assert requirement.subject == "any"
    else:
        assert any(may_overlap(form, requirement.resource) for form in forms), forms
    for key in requirement.context:
        assert can_carry(requirement.action.lower(), key.lower().replace("/*", "/x")), key


def test_the_tagging_actions_are_accepted_on_experiments() -> None:
    """Promise: the overlay closes the gap of AWS's data, and says so in the version."""
    for name in ("AddTags", "DeleteTags", "ListTags"):
        assert "arn:*:sagemaker:*:*:inference-experiment/*" in resource_patterns(f"sagemaker:{name}")
    assert "overlay" in data_version()


def test_keys_and_capture_are_needed_where_they_are_set() -> None:
    """Promise: S3 and KMS permissions are required exactly if the experiment has them; the rest is recommended."""
    plain = {one.action for one in experiment_requirements(Deployment()) if one.level is Level.REQUIRED}
    full = {one.action: one for one in experiment_requirements(EVERYTHING) if one.level is Level.REQUIRED}

    assert set(full) - plain == {"s3:PutObject", "kms:GenerateDataKey", "kms:CreateGrant"}
    named = {one.action for one in experiment_requirements(replace(EVERYTHING, volume_key_is_named=True))}
    assert "kms:Encrypt" in named
    assert str(full["s3:PutObject"].resource).endswith(":s3:::capture-bucket/prefix/${CaptureKey}")


def test_names_may_be_chosen_by_the_policies_but_must_agree() -> None:
    """Promise: without a given name, all actions must be allowed for one and the same experiment."""
    place = Deployment("aws", "us-east-1", "123456789012")
    needs = [one for one in provider_requirements(place, ("read",)) if one.subject == "experiment"]

    def outcome(*names: str) -> Outcome:
        arn = "arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/"
        statements = [
            {"Effect": "Allow", "Action": one.action, "Resource": arn + name}
            for one, name in zip(needs, names, strict=True)
        ]
        policy = read_node({"Version": "2012-10-17", "Statement": statements})
        return check(Role("role", Policies((policy,))), needs, place).outcome

    assert outcome("shadow-*", "shadow-*") is Outcome.ALLOWED
    assert outcome("shadow-1", "*") is Outcome.ALLOWED
    assert outcome("shadow-1", "shadow-2") is not Outcome.ALLOWED


def test_plain_documents_are_checked_where_they_say() -> None:
    """Promise: partition, region and account come from the documents if these agree, else they stay open."""
    statement = {
        "Effect": "Allow",
        "Action": "sagemaker:ListTags",
        "Resource": ["arn:aws-cn:sagemaker:*:123456789012:inference-experiment/*", "arn:aws-cn:s3:::bucket"],
    }
    document = read_node({"Version": "2012-10-17", "Statement": statement})

    place = assumed(Deployment(), [document])

    assert (place.partition, place.account) == ("aws-cn", "123456789012")
    assert place.region == Deployment().region


def test_the_difference_names_what_is_too_much() -> None:
    """Promise: excess is told by entry, with what to write instead."""
    source = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sagemaker:Describe*", "Resource": "*"},
                {"Effect": "Allow", "Action": ["s3:GetObject", "sagemaker:StopInferenceExperiment"], "Resource": "*"},
                {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            ],
        }
    )

    difference = diff(Role("role", Policies((read_json(source),))), provider_requirements(Deployment()))

    messages = [finding.message for finding in difference.excess]
    assert "write sagemaker:DescribeInferenceExperiment" in messages[0]
    assert messages[1] == '"s3:GetObject" is not required; remove it'
    assert messages[2] == '"*" is too broad for sagemaker:StopInferenceExperiment; write the ARN of the resource'
    assert "grants all but" in messages[3]
    assert [result.requirement.action for result in difference.missing] == ["iam:PassRole"]


def test_the_library_imports_neither_aws_clients_nor_cfn_lint() -> None:
    """Promise: whoever uses the library for decisions alone loads no AWS client, no linter and no YAML."""
    heavy = {"boto3", "botocore", "cfnlint", "yaml", "crhelper", "moto", "regex", "jsonschema"}
    probe = f"import sys, iam_policy; print(*({heavy!r} & set(sys.modules)))"

    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert run.stdout.split() == []
