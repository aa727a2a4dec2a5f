from collections.abc import Iterator
from typing import ClassVar

from cfn_template.values import Text
from inference_experiment import checks
from inference_experiment_rules._base import GUIDE, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class VariantNames(Rule):
    """CloudFormation cannot compare the names; SageMaker refuses the experiment after the stack has begun."""

    id = "E9503"
    shortdesc = "Variant names do not fit together"
    description = (
        "SourceModelVariantName and ShadowModelVariantName are VariantNames of ModelVariants, differ from each "
        "other, and each VariantName is used once. Names are case-sensitive. Only with DesiredState Completed or "
        "Cancelled may ShadowModeConfig name a variant that ModelVariants no longer has."
    )
    source_url = GUIDE
    tags: ClassVar[list[str]] = ["sagemaker", "variants"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield the problems of names that are known; a name with a hole can only be equal to itself."""
        names, source, shadow = experiment.variant_names, experiment.source, experiment.shadow
        state = experiment.desired_state
        if names is None or source is None or shadow is None or state is None:
            return
        if source.text is None or shadow.text is None:
            return
        open_names = any(isinstance(name.text, Text) for name in names)
        ending = "Completed" if open_names or isinstance(state, Text) else state
        texts = [str(name.text) for name in names]
        for finding in checks.check_variants(texts, str(source.text), str(shadow.text), desired_state=ending):
            node = experiment.at(*finding.keys)
            if node is not None and (isinstance(node.text, str) or source.text == shadow.text):
                yield problem(node, f"{finding.message}; SageMaker refuses the experiment")
        if state in checks.ENDING_STATES and not open_names:
            yield from self._without_part(experiment, texts)

    def _without_part(self, experiment: Experiment, texts: list[str]) -> Iterator[Problem]:
        source, shadow = experiment.source, experiment.shadow
        if source is None or shadow is None or isinstance(source.text, Text) or isinstance(shadow.text, Text):
            return
        for finding in checks.check_ending_variants(texts, str(source.text), str(shadow.text)):
            yield problem((experiment.variant_names or [])[int(finding.keys[1])], finding.message)
