from inference_experiment import checks
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.endpoints import RELATED_TYPES, production_variants_of
from shadow_test_policies.experiment import Experiment


class ProductionVariant(Rule):
    """SageMaker rejects the experiment: there is no production variant to copy requests from."""

    id = "E9607"
    shortdesc = "Source variant is not a variant of the endpoint"
    description = (
        "SourceModelVariantName must be the production variant of the endpoint. Checked when the endpoint is in the "
        "same template."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-create.html"
    tags = ["sagemaker", "endpoint", "variants"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield a problem when the endpoint configuration has no production variant of that name."""
        source, variants = experiment.source, production_variants_of(experiment)
        if source is None or source.literal is None or not variants:
            return
        if experiment.variant_names and experiment.variant(source) is None:
            return  # E9503
        names = [name.literal for variant in variants if (name := variant.get("VariantName")) is not None]
        known = [name for name in names if name is not None]
        if len(known) < len(variants) or source.literal in known or experiment.is_ending:
            return
        other = checks.nearest_by_case(source.literal, known) or known[0]
        message = f"the endpoint has no production variant '{source.literal}'"
        yield problem(source, f"{message}; did you mean '{other}'?")
