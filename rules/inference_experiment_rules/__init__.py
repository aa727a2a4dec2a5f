"""The cfn-lint rules, for `-a inference_experiment_rules`: cfn-lint loads the rule classes from this namespace."""

import importlib
import pkgutil

from inference_experiment_rules._base import is_rule

__all__: list[str] = []


def _load_rules() -> None:
    """Add the rule class of each module to this namespace; modules that begin with an underscore have none."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        if not module.ispkg and not module.name.rpartition(".")[2].startswith("_"):
            classes = vars(importlib.import_module(module.name)).values()
            globals().update({rule.__name__: rule for rule in classes if is_rule(rule, module.name)})


_load_rules()
