"""The view of a template that all rules share."""

from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

from cfnlint.template.template import Template

from inference_experiment_rules import _cfnlint
from shadow_test_policies.experiment import ExperimentTemplate

# cfn-lint passes the same Template object to every rule; the view is kept as long as the object.
_VIEWS: Final[WeakKeyDictionary[Template, ExperimentTemplate]] = WeakKeyDictionary()


def view_of(cfn: Template) -> ExperimentTemplate:
    """Return the view of a template, built once for all rules."""
    view = _VIEWS.get(cfn)
    if view is None:
        excluded = partial(_cfnlint.excluded_by_rules, cfn.template, cfn.conditions)
        view = ExperimentTemplate(cfn.template, _cfnlint.regions_of(cfn), _cfnlint.deployed_parameters(cfn), excluded)
        _VIEWS[cfn] = view
    return view
