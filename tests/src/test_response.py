"""The answer's body: complete, flat, never too long, the most important first."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requests_for_tests import configuration, request

from inference_experiment import contract, response
from inference_experiment.errors import Failure, NotUpdatable
from inference_experiment.model import Observed, RequestResult, Status

DETAILS = {
    "CreationTime": datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
    "EndpointMetadata": {"EndpointName": "endpoint", "EndpointConfigName": "config", "EndpointStatus": "InService"},
}
RUNNING = Observed("test", Status.RUNNING, arn="arn", configuration=configuration(), details=DETAILS)


def body(outcome: RequestResult, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(response.body(request("Update", **changes), outcome))
    return made


def test_success() -> None:
    answer = body(RequestResult("test", RUNNING))

    assert answer.pop("Data") == {
        "Arn": "arn",
        "Name": "test",
        "Status": "Running",
        "StatusReason": "",
        "CreationTime": "2030-01-02T03:04:05Z",
        "LastModifiedTime": "",
        "CompletionTime": "",
        "EndpointMetadata.EndpointName": "endpoint",
        "EndpointMetadata.EndpointConfigName": "config",
        "EndpointMetadata.EndpointStatus": "InService",
        "SourceModelVariantName": "production",
        "ShadowModelVariantName": "shadow",
    }
    assert answer == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "test",
        "StackId": request().stack_id,
        "RequestId": "request-1",
        "LogicalResourceId": "Experiment",
        "Reason": "",
        "NoEcho": False,
    }


def test_failure_has_a_reason_and_no_data() -> None:
    answer = body(RequestResult("test", RUNNING, error=Failure(NotUpdatable, "cannot")))

    assert (answer["Status"], answer["Reason"]) == ("FAILED", "cannot")
    assert "Data" not in answer


def test_attributes_are_those_of_the_schema() -> None:
    """Of an absent experiment too: Fn::GetAtt must not fail for a key."""
    for observed in (RUNNING, Observed("test")):
        found = response.attributes(observed)
        assert tuple(found) == contract.attributes()
        assert all(isinstance(value, str) for value in found.values())


@pytest.mark.parametrize("text", ["試" * 1024, "x" * 1024, "\x00" * 1024, "𠮷" * 1024, "\ud800" * 1024, '"' * 1024])
@pytest.mark.parametrize("note", ["", "w" * 5000])
def test_longest_success(text: str, note: str) -> None:
    """The longest of everything fits into CloudFormation's 4,096 bytes, and StatusReason keeps its beginning."""
    metadata = {"EndpointName": "e" * 63, "EndpointConfigName": "c" * 63, "EndpointStatus": "UpdateRollbackFailed"}
    observed = Observed(
        "n" * 120,
        Status.COMPLETED,
        arn="a" * 256,
        configuration=configuration(source_variant="s" * 63, shadow_variant="h" * 63),
        status_reason=text,
        details={
            "EndpointMetadata": metadata,
            **dict.fromkeys(("CreationTime", "LastModifiedTime"), DETAILS["CreationTime"]),
        },
    )
    made = response.body(
        request("Update", LogicalResourceId="L" * 255, RequestId="r" * 128),
        RequestResult("n" * 120, observed, note=note),
    )
    shown = json.loads(made)["Data"]["StatusReason"]

    assert len(made) <= 4096
    assert shown == text or (shown.endswith("...") and text.startswith(shown[:-3]))


@settings(deadline=None)
@given(
    reason=st.text(st.characters(), max_size=6000) | st.integers(0, 6000).map(lambda length: "試" * length),
    status_reason=st.text(st.characters(), max_size=1024),
    physical_id=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=1024),
    failed=st.booleans(),
)
def test_no_body_is_too_long(reason: str, status_reason: str, physical_id: str, *, failed: bool) -> None:
    """Any texts, ids of any accepted length."""
    observed = Observed("n", Status.CANCELLED, status_reason=status_reason, configuration=configuration())
    error = Failure(NotUpdatable, reason) if failed else None
    made = response.body(
        request(StackId="s" * 1024, RequestId="r" * 128, LogicalResourceId="L" * 255),
        RequestResult(physical_id, observed, error=error, note=reason),
    )

    assert len(made) <= 4096
    answer = json.loads(made)
    assert answer["PhysicalResourceId"] == physical_id


@settings(deadline=None)
@given(text=st.text(st.characters(), max_size=3000), limit=st.integers(5, 2000))
def test_cut_keeps_the_beginning(text: str, limit: int) -> None:
    """A text that does not fit ends in three dots and begins as it did; one more character would not fit."""
    short = response.cut(text, limit)

    assert len(json.dumps(short)) <= limit
    if short != text:
        kept = short.removesuffix("...")
        assert text.startswith(kept)
        assert len(json.dumps(text[: len(kept) + 1] + "...")) > limit


BUCKET = "cloudformation-custom-resource-response-"


def goes_to(host: str, region: str = "us-east-1", partition: str = "aws", port: str = "") -> bool:
    """Return whether an answer of a stack in this region may go to a host."""
    stack_id = f"arn:{partition}:cloudformation:{region}:123456789012:stack/shop/guid"
    try:
        response.check_url(request(StackId=stack_id, ResponseURL=f"https://{host}{port}/x?y"), frozenset())
    except response.UndeliverableError:
        return False
    return True


@pytest.mark.parametrize(
    ("partition", "region", "suffix"),
    [
        ("aws", "us-east-1", "amazonaws.com"),
        ("aws", "eu-central-1", "amazonaws.com"),
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
        ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
        ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
        ("aws-iso", "us-iso-east-1", "c2s.ic.gov"),
        ("aws-iso-b", "us-isob-east-1", "sc2s.sgov.gov"),
        ("aws-iso-e", "eu-isoe-west-1", "cloud.adc-e.uk"),
        ("aws-iso-f", "us-isof-south-1", "csp.hci.ic.gov"),
    ],
)
def test_bucket_of_the_region(partition: str, region: str, suffix: str) -> None:
    """The regional form exists everywhere; no stack's answer goes to the bucket of another region."""
    host = f"{BUCKET}{region.replace('-', '')}.s3.{region}.{suffix}"

    assert goes_to(host, region, partition)
    assert goes_to(host, region, partition, ":443")
    assert goes_to(host.upper(), region, partition)
    assert not goes_to(host, region, partition, ":444")
    assert not goes_to(host, "eu-west-3", "aws")
    assert not goes_to(host.replace(".s3.", ".s3-accelerate."), region, partition)
    assert not goes_to(host.replace(".s3.", ".s3-website."), region, partition)


@pytest.mark.parametrize(
    ("form", "regions"),
    [
        ("s3", {"us-east-1", "eu-central-1", "ca-central-1"}),
        ("s3-{}", {"us-east-1", "eu-central-1", "ca-central-1", "us-gov-west-1"}),
        ("s3.dualstack.{}", {"us-east-1", "eu-central-1", "ca-central-1", "us-gov-west-1", "cn-north-1"}),
        ("s3-fips.{}", {"us-east-1", "ca-central-1", "us-gov-west-1"}),
        ("s3-fips.dualstack.{}", {"us-east-1", "ca-central-1", "us-gov-west-1"}),
        ("s3-website-{}", set()),
        ("s3-website.{}", set()),
        ("s3-accelerate", set()),
        ("s3-accelerate.dualstack", set()),
        ("s3-accesspoint.{}", set()),
    ],
)
def test_forms_of_the_host(form: str, regions: set[str]) -> None:
    """Legacy, global, dual-stack and FIPS hosts count where they exist; nothing else that S3 serves does."""
    known = {
        "us-east-1": "aws",
        "eu-central-1": "aws",
        "ca-central-1": "aws",
        "us-gov-west-1": "aws-us-gov",
        "cn-north-1": "aws-cn",
        "us-iso-east-1": "aws-iso",
    }
    found = {
        region
        for region, partition in known.items()
        if goes_to(
            f"{BUCKET}{region.replace('-', '')}.{form.format(region)}.{response.SUFFIXES[partition]}", region, partition
        )
    }

    assert found == regions


@pytest.mark.parametrize(
    "host",
    [
        f"{BUCKET}useast1-mine.s3.us-east-1.amazonaws.com",
        f"{BUCKET}useast12.s3.amazonaws.com",
        f"{BUCKET}useast1.s3.us-west-2.amazonaws.com",
        f"{BUCKET}uswest2.s3.us-east-1.amazonaws.com",
        f"{BUCKET}useast1.s3.amazonaws.com.example.com",
        f"{BUCKET}useast1.s3.amazonaws.com.",
        f"mine.{BUCKET}useast1.s3.amazonaws.com",
        f"{BUCKET}useast1.s3.amazonaws.com@example.com",
        "s3.us-east-1.amazonaws.com",
        "localhost",
    ],
)
def test_other_hosts(host: str) -> None:
    """A prefix of the name, another region's bucket and another bucket of the same prefix are somebody else's."""
    assert not goes_to(host)


@pytest.mark.parametrize(
    "stack_id",
    ["shop", "arn:aws:cloudformation", "arn:aws:cloudformation::1:stack/x/y", "arn:aws-new:cloudformation:x-1"],
)
def test_stack_of_an_unknown_region_has_no_host(stack_id: str) -> None:
    assert response.response_hosts(stack_id) == frozenset()


def test_hosts_of_the_settings_have_any_port() -> None:
    """They are for tests and private endpoints; https it must be."""
    hosts = frozenset({"localhost"})

    response.check_url(request(ResponseURL="https://localhost:8443/x"), hosts)
    with pytest.raises(response.UndeliverableError, match="not an https URL"):
        response.check_url(request(ResponseURL="http://localhost:8443/x"), hosts)
    with pytest.raises(response.UndeliverableError, match=r'leads to "example\.com", which is not CloudFormation'):
        response.check_url(request(ResponseURL="https://example.com/x"), hosts)
