from collections.abc import Iterator
from typing import ClassVar

from cfn_template.nodes import Node
from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.endpoints import MARKETPLACE, RELATED_TYPES, models_of
from shadow_test_policies.experiment import Experiment


class ModelKind(Rule):
    """The set-up fails with a validation error after the stack operation has begun."""

    id = "E9606"
    shortdesc = "Shadow tests exclude the kind of model"
    description = (
        "Variants are models with one container of one model: not multi-container, not multi-model, not AWS "
        "Marketplace packages. Checked when the template makes the model."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html"
    tags: ClassVar[list[str]] = ["sagemaker", "model"]

    related_types = RELATED_TYPES

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield each variant whose model shadow tests exclude."""
        for node, model in models_of(experiment):
            reason = next(self._reasons(model), None)
            if reason is not None:
                message = f"the model {reason}, which shadow tests exclude"
                yield problem(node, f"{message}; use a model with a single container that holds one model")

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
                yield "is a multi-model one (Mode: MultiModel)"
            if package is not None and MARKETPLACE.search(str(package.text)):
                yield "comes from AWS Marketplace (ModelPackageName)"
