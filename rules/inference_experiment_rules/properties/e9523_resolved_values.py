from inference_experiment_rules._base import TYPE_REFERENCE, Problems, Rule, problem
from inference_experiment_rules.properties._missing_constraints import missing_constraints
from inference_experiment_rules.properties.e9502_api_constraints import is_accepted_by_core
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.resolved_values import GIVES, resolved_problems


class ResolvedValues(Rule):
    """A deployment with this value fails. cfn-lint warns of some of them (W1030, W1031, W1032, W1034)."""

    id = "E9523"
    shortdesc = "Value of a function is invalid"
    description = (
        "Checks the values that Ref, Fn::Sub, Fn::Join, Fn::Select and Fn::FindInMap give to the experiment's "
        "properties: each allowed value or default of a parameter, each row of a mapping, and the known parts of a "
        "text. Also reports an allowed value for which a mapping has no row, and a dynamic reference or a list where "
        "the property has another type."
    )
    source_url = TYPE_REFERENCE
    tags = ["sagemaker", "schema", "parameters", "mappings"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield each invalid value, except those that E9502, E9509 and cfn-lint report as errors."""
        missing = {(keys, keyword) for keys, keyword, *_ in missing_constraints()}
        for keys, keyword, node, message in resolved_problems(experiment):
            if keyword == GIVES:
                continue
            is_reported = experiment.is_native and (keys, keyword) in missing
            is_reported |= "InstanceType" in keys or (keyword == "type" and is_accepted_by_core(node, experiment))
            if not isinstance(node.text, str) or not is_reported:
                yield problem(node, message)
