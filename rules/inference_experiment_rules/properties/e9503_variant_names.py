from cfn_template.values import SymbolicString
from inference_experiment import checks
from inference_experiment_rules._base import GUIDE, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class VariantNames(Rule):
    """CloudFormation does not compare the names, so SageMaker rejects the experiment during the stack operation."""

    id = "E9503"
    shortdesc = "Variant names are inconsistent"
    description = (
        "SourceModelVariantName and ShadowModelVariantName must be different VariantNames of ModelVariants, and each "
        "VariantName must be unique. Names are case-sensitive. Only with DesiredState Completed or Cancelled may "
        "ShadowModeConfig name a variant that is no longer in ModelVariants."
    )
    source_url = GUIDE
    tags = ["sagemaker", "variants"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield the problems of known names; an unresolved name can only be equal to itself."""
        names, source, shadow = experiment.variant_names, experiment.source, experiment.shadow
        state = experiment.desired_state
        if names is None or source is None or shadow is None or state is None:
            return
        if source.text is None or shadow.text is None:
            return
        open_names = any(isinstance(name.text, SymbolicString) for name in names)
        ending = "Completed" if open_names or isinstance(state, SymbolicString) else state
        texts = [str(name.text) for name in names]
        for finding in checks.check_variants(texts, str(source.text), str(shadow.text), desired_state=ending):
            node = experiment.at(*finding.keys)
            if node is not None and (isinstance(node.text, str) or source.text == shadow.text):
                yield problem(node, f"{finding.message}; SageMaker rejects the experiment")
        if state not in checks.ENDING_STATES or open_names or source.literal is None or shadow.literal is None:
            return
        for finding in checks.check_ending_variants(texts, source.literal, shadow.literal):
            yield problem(names[int(finding.keys[1])], finding.message)
