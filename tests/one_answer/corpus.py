"""The files that the answers are compared on: the fixtures of the rules, the examples, and the cases."""

import itertools
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cfnlint.decode import decode
from one_answer.answers import NATIVE_TYPE, TESTS

from shadow_test_policies.experiment import EXPERIMENT_TYPES

CASES = TESTS / "one_answer" / "cases"
FOLDERS = (TESTS / "rules", TESTS.parent / "examples", CASES)
SCENARIOS = 16  # of a template with more parameters some are not tried
ARN_OF_A_ROLE = "arn:aws:iam::123456789012:role/experiment"


def templates() -> list[Path]:
    """Return the templates that have an experiment."""
    paths = [path for folder in FOLDERS for path in sorted(folder.rglob("*")) if path.suffix in {".yaml", ".json"}]
    return [path for path in paths if _has_experiment(path)]


def _has_experiment(path: Path) -> bool:
    text = path.read_bytes()
    return b"Resources" in text and any(kind.encode() in text for kind in EXPERIMENT_TYPES)


def templates_with_roles() -> list[Path]:
    """Return the templates that have a role as well, or a function for which SAM makes one."""
    kinds = (b"AWS::IAM::", b"AWS::Serverless::Function")
    return [path for path in templates() if any(kind in path.read_bytes() for kind in kinds)]


def name_of(path: Path) -> str:
    """Return how a file is called in the tests."""
    return str(path.relative_to(TESTS.parent))


def load(path: Path) -> dict[str, Any]:
    """Return a template as cfn-lint decodes it, functions in their long form."""
    loaded: dict[str, Any] = decode(str(path))[0]
    return loaded


def experiments(template: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the experiments of a template."""
    resources = template["Resources"].items()
    return {name: one for name, one in resources if isinstance(one, dict) and one.get("Type") in EXPERIMENT_TYPES}


def scenarios(template: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return values of the parameters that lead to every way in which the template can turn out."""
    used = json.dumps([one.get("Properties") for one in experiments(template).values()], default=str)
    parameters = (template.get("Parameters") or {}).items()
    choices = {name: _choices(name, one, template, used) for name, one in parameters}
    choices = {name: values for name, values in choices.items() if values}
    products = itertools.product(*choices.values())
    return [dict(zip(choices, values, strict=True)) for values in itertools.islice(products, SCENARIOS)]


def _choices(name: str, parameter: Any, template: Mapping[str, Any], used: str) -> list[str]:
    """Return the allowed values; else what conditions compare the parameter with, and something else.

    None if the properties use a parameter with unknown values.
    """
    if not isinstance(parameter, dict):
        return []
    if parameter.get("AllowedValues"):
        return [str(value) for value in parameter["AllowedValues"]]
    if f'{{"Ref": "{name}"}}' in used:
        return []
    compared = {str(value) for value in _compared(name, template.get("Conditions")) if isinstance(value, str | int)}
    return [*sorted(compared), "another"] if compared else []


def _compared(name: str, condition: Any) -> Iterator[Any]:
    if isinstance(condition, dict):
        for key, argument in condition.items():
            if key == "Fn::Equals" and isinstance(argument, list) and {"Ref": name} in argument:
                yield from argument
            yield from _compared(name, argument)
    elif isinstance(condition, list):
        for item in condition:
            yield from _compared(name, item)


def functions(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the places of functions and dynamic references."""
    if isinstance(value, dict):
        if "Fn::Transform" in value or (len(value) == 1 and str(next(iter(value))).startswith(("Ref", "Fn::"))):
            yield path
            return
        if any(str(key).startswith("Fn::") for key in value):  # a transform, which may bring any member
            yield path
        for key, item in value.items():
            yield from functions(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from functions(item, (*path, index))
    elif isinstance(value, str) and "{{resolve:" in value:
        yield path


def as_sent(resource: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the properties of a custom resource as CloudFormation sends them: every scalar as a text.

    Those of the registry type are checked by the same code, without a provider.

    None if they are resolved at deployment. An unresolved role gets an arbitrary ARN.
    """
    properties = resource.get("Properties")
    if resource.get("Type") == NATIVE_TYPE or not isinstance(properties, dict):
        return None
    known = {**properties, "ServiceToken": ""}
    if isinstance(known.get("RoleArn"), dict):
        known["RoleArn"] = ARN_OF_A_ROLE
    return None if list(functions(known)) else _texts(known)


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    if isinstance(value, datetime):  # YAML's, where it is not in quotes
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)
