from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.endpoints import RELATED_TYPES, production_variants_of
from shadow_test_policies.experiment import Experiment


class SeveralProductionVariants(Rule):
    """SageMaker refuses the test after the endpoint has been made and billed."""

    id = "E9605"
    shortdesc = "Endpoint has several production variants"
    description = (
        "A shadow test compares one production variant with one shadow variant; an endpoint that has more "
        "production variants must lose the others first. Checked when the template makes the endpoint."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-create.html"
    tags: ClassVar[list[str]] = ["sagemaker", "endpoint"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem when the configuration surely has more than one production variant."""
        node = experiment.at("EndpointName")
        variants = production_variants_of(experiment) or []
        names = [each.literal for variant in variants if (each := variant.get("VariantName")) is not None]
        if node is not None and len(variants) > 1 and len(names) == len(variants):
            message = f"the endpoint has {len(variants)} production variants ({', '.join(map(str, names[:3]))})"
            yield problem(node, f"{message}; a shadow test allows one: remove the others first")
