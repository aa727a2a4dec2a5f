from collections.abc import Iterator
from typing import ClassVar

from inference_experiment import checks
from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.endpoints import RELATED_TYPES, production_variants_of
from shadow_test_policies.experiment import Experiment


class ProductionVariant(Rule):
    """The test would have no production variant to copy requests from; SageMaker refuses it."""

    id = "E9607"
    shortdesc = "Production variant is not one of the endpoint"
    description = (
        "SourceModelVariantName is the variant that serves the endpoint's requests. Checked when the template "
        "makes the endpoint."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-create.html"
    tags: ClassVar[list[str]] = ["sagemaker", "endpoint", "variants"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem when the configuration has no variant of that name."""
        source, variants = experiment.source, production_variants_of(experiment)
        if source is None or source.literal is None or not variants:
            return
        names = [name.literal for variant in variants if (name := variant.get("VariantName")) is not None]
        known = [name for name in names if name is not None]
        if len(known) < len(variants) or source.literal in known or experiment.is_ending:
            return
        other = checks.nearest_by_case(source.literal, known) or known[0]
        message = f"the endpoint has no production variant {source.literal!r} but {other!r}"
        yield problem(source, f"{message}; use the name of the variant that serves the endpoint")
