"""AWS-managed policies: the data file, and every policy that AWS has, decided for the handler create."""

import json
import lzma
from functools import cache
from pathlib import Path

import pytest

from iam_policy import (
    KINDS,
    Document,
    DocumentKind,
    Policies,
    Severity,
    decide,
    lint_policy,
    managed_arn,
    managed_names,
    managed_policy,
    read_node,
)
from scripts.extract_managed_policies import COMMON, OTHERS, all_policies, extract
from shadow_test_policies.requirements import Deployment, provider_requirements

PLACE = Deployment(
    "aws",
    "us-east-1",
    "123456789012",
    experiment="shadow-1",
    experiment_role="arn:aws:iam::123456789012:role/experiment",
)
NEEDED = [one for one in provider_requirements(PLACE, ("create",)) if one.subject in {"experiment", "experimentRole"}]


@cache
def documents() -> dict[str, Document]:
    """Read every policy that moto ships."""
    return {name: read_node(entry["Document"], name) for name, entry in all_policies().items()}


def test_the_data_files_are_what_the_script_extracts() -> None:
    """Promise: nobody edits it by hand, and a new moto means a new file."""
    assert json.loads(COMMON.read_text()) == extract(common=True)
    assert json.loads(lzma.decompress(OTHERS.read_bytes())) == extract(common=False)
    assert set(managed_names()) == set(all_policies())


@pytest.mark.slow
def test_exactly_four_managed_policies_allow_create() -> None:
    """Promise: of all AWS-managed policies, only these allow all that creating an experiment needs."""
    allowing = {
        name
        for name, document in documents().items()
        if all(decide(Policies((document,)), one.request()).allowed for one in NEEDED)
    }

    assert len(documents()) > 1500
    # The last for roles of its own account, by aws:ResourceAccount.
    own = "SageMakerStudioAdminIAMPermissiveExecutionPolicy"
    assert allowing == {"AdministratorAccess", "AmazonSageMakerFullAccess", "DataScientist", own}


PARTS = 20


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_iam_accepts_what_aws_wrote(part: int) -> None:
    """Promise: no policy of AWS is called refused, but for its length, which AWS does not limit for itself."""
    refused = {
        (name, finding.kind, finding.message)
        for name, document in list(documents().items())[part::PARTS]
        for finding in lint_policy(document, Deployment())
        if KINDS[finding.kind].refused and finding.kind != "too-long"
    }

    assert not refused


@pytest.mark.parametrize(
    "name",
    [
        "arn:aws:iam::aws:policy/AdministratorAccess",
        "arn:aws-cn:iam::aws:policy/job-function/DataScientist",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        "PowerUserAccess",
        "arn:aws-us-gov:iam::aws:policy/AmazonDynamoDBReadOnlyAccess",
        "AWSLambdaDynamoDBExecutionRole",
    ],
)
def test_managed_policies_are_found_by_name_and_arn(name: str) -> None:
    """Promise: whatever ManagedPolicyArns or SAM's Policies may hold."""
    document = managed_policy(name)

    assert document is not None
    assert document.kind is DocumentKind.AWS
    assert not document.problems


def test_unknown_policies_are_unknown() -> None:
    """Promise: a policy of an account, or one that is not in the data, is None."""
    assert managed_policy("arn:aws:iam::123456789012:policy/AdministratorAccess") is None
    assert managed_policy("NoSuchPolicy") is None
    assert managed_policy("arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole") is None
    assert managed_arn("NoSuchPolicy") is None


def test_the_arn_of_a_managed_policy_has_its_path() -> None:
    """Promise: what to write where the path is forgotten."""
    wanted = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    assert managed_arn("AWSLambdaBasicExecutionRole") == wanted
    assert managed_policy(wanted) is not None


# Errors that AWS has in its own policies: actions and services that it has retired or not documented yet, misspelt
# types of resources, and keys that the service authorization reference does not give the action. Nobody else's policies
# may be as long as AWS's.
FAULTS = json.loads((Path(__file__).parent / "managed_errors.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_policies_of_aws_have_no_errors_but_their_own() -> None:
    """Promise: correct policies have no errors: of AWS's 1,582 only those that are listed, for the listed reasons."""
    found: dict[str, set[str]] = {}
    for name, document in documents().items():
        for finding in lint_policy(document):
            if finding.severity is Severity.ERROR and finding.kind != "too-long":
                found.setdefault(finding.access_analyzer, set()).add(name)

    assert {check: sorted(names) for check, names in found.items()} == FAULTS
