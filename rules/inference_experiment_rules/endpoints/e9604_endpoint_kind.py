from collections.abc import Iterator

from cfn_template.nodes import Node
from inference_experiment_rules._base import Problems, Rule, problem
from inference_experiment_rules.properties._instance_types import EXCLUDED_FAMILIES
from shadow_test_policies.endpoints import RELATED_TYPES, endpoint_config_of, production_variants_of
from shadow_test_policies.experiment import Experiment


class EndpointKind(Rule):
    """The experiment fails with a validation error after the endpoint has been created and billed."""

    id = "E9604"
    shortdesc = "Endpoint type is excluded from shadow tests"
    description = (
        "Shadow tests support real-time endpoints only: no serverless or asynchronous endpoints, no Elastic Inference "
        "and no ml.inf1 instances. Checked when the endpoint is in the same template."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html"
    tags = ["sagemaker", "endpoint"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield one problem with the first reason why the endpoint cannot be used."""
        node, config = experiment.at("EndpointName"), endpoint_config_of(experiment)
        if node is None or config is None:
            return
        reasons = ["is asynchronous (AsyncInferenceConfig)"] if config.get("AsyncInferenceConfig") else []
        for variant in production_variants_of(experiment) or []:
            reasons += self._reasons(variant)
        if reasons:
            message = f"the endpoint configuration {reasons[0]}, which shadow tests do not support"
            yield problem(node, f"{message}; use a real-time endpoint")

    @staticmethod
    def _reasons(variant: Node) -> Iterator[str]:
        if variant.get("ServerlessConfig"):
            yield "is serverless (ServerlessConfig)"
        if variant.get("AcceleratorType"):
            yield "uses Elastic Inference (AcceleratorType)"
        kind = variant.get("InstanceType")
        if kind is not None and (kind.literal or "").startswith(EXCLUDED_FAMILIES):
            yield f"uses {kind.literal}"
