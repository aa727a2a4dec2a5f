"""The protocol driver does what CloudFormation, Lambda and SQS do, as docs/local-aws-protocol.md says."""

from typing import TYPE_CHECKING

import pytest
from experiment_properties import properties
from inference_experiment_tools.local.protocol_stack import TIMED_OUT, stringified

if TYPE_CHECKING:
    from inference_experiment_tools.local.protocol import ProtocolCloud


def test_create_and_delete(cloud: "ProtocolCloud") -> None:
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    cloud.settle()
    assert (stack.status, stack.physical_id) == ("CREATE_COMPLETE", "test")

    stack.begin_delete()
    cloud.settle()
    assert (stack.status, stack.physical_id) == ("DELETE_COMPLETE", None)
    assert cloud.sagemaker.status("test") is None


def test_scalars_are_texts() -> None:
    assert stringified({"a": [1, True, 2.5, "x"], "b": None, "c": {"d": False}}) == {
        "a": ["1", "true", "2.5", "x"],
        "c": {"d": "false"},
    }
