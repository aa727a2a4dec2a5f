from collections.abc import Iterator

from cfn_template.nodes import Node
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.endpoints import MARKETPLACE, RELATED_TYPES, models_of
from shadow_test_policies.experiment import Experiment


class ModelKind(Rule):
    """The experiment fails with a validation error during the stack operation."""

    id = "E9606"
    shortdesc = "Model type is excluded from shadow tests"
    description = (
        "Shadow tests require models with a single container and a single model: no multi-container models, no "
        "multi-model containers and no AWS Marketplace packages. Checked when the model is in the same template."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html"
    tags = ["sagemaker", "model"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Problems:
        """Yield each variant whose model is excluded from shadow tests."""
        for node, model in models_of(experiment):
            reason = next(self._reasons(model), None)
            if reason is not None:
                message = f"the model {reason}, which shadow tests do not support"
                yield problem(node, f"{message}; use a model with a single container and a single model")

    @staticmethod
    def _reasons(model: Node) -> Iterator[str]:
        listed = model.get("Containers")
        containers = (listed.items or []) if listed is not None else []
        if len(containers) > 1:
            yield f"has {len(containers)} Containers"
        primary = model.get("PrimaryContainer")
        for container in [primary, *containers] if primary is not None else containers:
            mode, package = container.get("Mode"), container.get("ModelPackageName")
            if mode is not None and mode.literal == "MultiModel":
                yield "has a multi-model container (Mode: MultiModel)"
            if package is not None and MARKETPLACE.search(str(package.text)):
                yield "comes from AWS Marketplace (ModelPackageName)"
