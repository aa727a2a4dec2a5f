from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules import _cfnlint
from inference_experiment_rules._base import CUSTOM_RESOURCES, Problem, Rule, problem
from inference_experiment_rules._experiment import Experiment
from inference_experiment_rules._references import arn_fields
from inference_experiment_rules._worlds import REGION


class ServiceTokenRegion(Rule):
    """Why a warning? Only the deployment decides the region."""

    id = "W9702"
    shortdesc = "ServiceToken is in another region"
    description = (
        "The function must be in the region of the stack. Reported when the template is linted for regions (-r) "
        "that do not have the one in the ARN; cfn-lint's default region says nothing."
    )
    source_url = CUSTOM_RESOURCES
    tags: ClassVar[list[str]] = ["sagemaker", "custom-resource", "servicetoken", "regions"]
    bad = """
# regions: eu-central-1
Resources:
  Experiment:
    Properties:
      ServiceToken: arn:aws:lambda:eu-west-1:123456789012:function:provider
"""
    good = """
# regions: eu-central-1
Resources:
  Experiment:
    Properties:
      ServiceToken: arn:aws:lambda:eu-central-1:123456789012:function:provider
"""

    def examine(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem when the linted regions do not have the function's."""
        node, regions = experiment.at("ServiceToken"), experiment.view.regions
        fields = arn_fields(node.text) if node is not None and experiment.is_custom else []
        if node is None or not fields or "?" in fields[3] or regions == _cfnlint.DEFAULT_REGIONS:
            return
        here = experiment.world.parameters.get(REGION)
        if isinstance(here, str) and here not in regions:
            return  # a condition asks for this region, nobody lints for it
        if fields[3] not in ((here,) if isinstance(here, str) else regions):
            message = f"the function is in {fields[3]}, the stack in {here or regions[0]}"
            yield problem(node, f"{message}; both must be in one region: deploy the provider there too")
