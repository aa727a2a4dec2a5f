from collections.abc import Iterator
from typing import ClassVar

from cfn_template.nodes import Node
from inference_experiment_rules._base import Problem, Rule, problem
from inference_experiment_rules.properties._instance_types import EXCLUDED_FAMILIES
from shadow_test_policies.endpoints import RELATED_TYPES, endpoint_config_of, production_variants_of
from shadow_test_policies.experiment import Experiment


class EndpointKind(Rule):
    """The set-up fails with a validation error after the endpoint has been made and billed."""

    id = "E9604"
    shortdesc = "Shadow tests exclude the kind of endpoint"
    description = (
        "Shadow tests run on real-time endpoints only: not on serverless or asynchronous ones, nor with Elastic "
        "Inference or ml.inf1 instances. Checked when the template makes the endpoint."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html"
    tags: ClassVar[list[str]] = ["sagemaker", "endpoint"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield one problem per reason why the endpoint cannot be used."""
        node, config = experiment.at("EndpointName"), endpoint_config_of(experiment)
        if node is None or config is None:
            return
        reasons = ["is asynchronous (AsyncInferenceConfig)"] if config.get("AsyncInferenceConfig") else []
        for variant in production_variants_of(experiment) or []:
            reasons += self._reasons(variant)
        if reasons:
            message = f"the endpoint's configuration {reasons[0]}, which shadow tests exclude"
            yield problem(node, f"{message}; test on a real-time endpoint")

    @staticmethod
    def _reasons(variant: Node) -> Iterator[str]:
        if variant.get("ServerlessConfig"):
            yield "is serverless (ServerlessConfig)"
        if variant.get("AcceleratorType"):
            yield "uses Elastic Inference (AcceleratorType)"
        kind = variant.get("InstanceType")
        if kind is not None and (kind.literal or "").startswith(EXCLUDED_FAMILIES):
            yield f"runs on {kind.literal}"
