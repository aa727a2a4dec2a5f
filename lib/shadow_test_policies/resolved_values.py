"""The values that functions give to an experiment's properties: those that certainly violate the provider's schema."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from cfn_template.forms import expanded
from cfn_template.mentions import mentioned
from cfn_template.nodes import Node
from cfn_template.parameters import gives_list
from cfn_template.scenarios import REGION
from cfn_template.template import DEFAULT_REGIONS
from cfn_template.undefined import undefined
from cfn_template.values import MissingRow, ShortForm, SymbolicString, Unknown, Unresolved, function_of, text_of
from inference_experiment import contract
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.references import reference_of

Keys = tuple[str, ...]
ANY_ELEMENT: Final = "*"
COMPARED: Final = ("type", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength", "maxItems")
# Tags: 49 is the custom type's own limit. InstanceType: E3642 and E9509 check the values. Description and StatusReason:
# their patterns exclude line breaks, which the function requires and SageMaker does not document.
PROVIDER_ONLY: Final = frozenset({"Tags", "InstanceType", "Description", "StatusReason"})
GIVES: Final = "gives"
"""In the place of a keyword: a function gives a string or a list, whatever its value; cfn-lint reports these."""
NESTED_STACK: Final = "AWS::CloudFormation::Stack"
WHOLE: Final = re.compile(r"\s*-?[0-9]+(\.0)?\s*")
# Values of the patterns: what a text may be before, between and after its known parts.
_SAMPLES: Final = (
    *("aaa", "111", "11.1%", "aa/aa", "s3://aaa/aaa", "https://aaa/aaa", "ml.a-a.a-a"),
    *("arn:aws-a:iam::111122223333:role/aaa", "arn:aws-a:sagemaker:a-a:111122223333:inference-experiment/aaa"),
    *("2090-01-31T08:00:00Z", "2090-01-31T08:00:00.000+01:00", "20900131T080000Z"),
)
# What checks.parse_time takes, with as many digits in each part as any time has.
TIME: Final = (
    r"(?i)^[0-9]{4}-?[0-9W-]{3,5}T[0-9]{2}(:?[0-9]{2}(:?[0-9]{2}([.,][0-9]+)?)?)?"
    r"(Z|[+-][0-9]{2}(:?[0-9]{2}[0-9:.]*)?)\Z"
)
# The shortest value of each pseudo parameter of a known form.
_PSEUDO: Final = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/a/11112222-3333-4444-5555-666677778888",
    "AWS::StackName": "a",
    "AWS::URLSuffix": "amazonaws.com",
}
TYPES: Final = {"array": "a list", "integer": "a whole number", "object": "a mapping"}
MESSAGES: Final = {
    "type": "{text} is not {limit}",
    "enum": "'{text}' is not one of {limit}",
    "pattern": "'{text}' does not match the pattern {limit}, which CreateInferenceExperiment requires",
    "minimum": "{text} is less than the minimum of {limit}",
    "maximum": "{text} is more than the maximum of {limit}",
    "minLength": "'{text}' is too short; write at least {limit} characters",
    "maxLength": "'{text}' is longer than {limit} characters",
}


def constraints(keys: Keys, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[tuple[Keys, str, Any]]:
    """Yield (path, keyword, value) for each constraint of a schema."""
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rpartition("/")[2]]
    yield from (((*keys, name), "required", True) for name in schema.get("required", ()))
    yield from ((keys, keyword, schema[keyword]) for keyword in COMPARED if keyword in schema)
    if "items" in schema:
        yield from constraints((*keys, ANY_ELEMENT), schema["items"], root)
    for name, member in schema.get("properties", {}).items():
        yield from constraints((*keys, name), member, root)


@cache
def _of_values() -> Mapping[Keys, list[tuple[str, Any]]]:
    """Return the constraints of each path, as keyword and value."""
    schema = contract.exact_schema()
    by_path: dict[Keys, list[tuple[str, Any]]] = {}
    for keys, keyword, limit in constraints((), schema, schema):
        if keyword in MESSAGES and keys:
            by_path.setdefault(keys, []).append((keyword, limit))
    return by_path


def beneath(node: Node, keys: Keys) -> Iterator[Node]:
    """Yield the nodes at a path whose elements may be "any element of the list"."""
    if not keys:
        yield node
    elif keys[0] == ANY_ELEMENT:
        for item in node.items or []:
            yield from beneath(item, keys[1:])
    elif (member := node.get(keys[0])) is not None:
        yield from beneath(member, keys[1:])


def violation(node: Node, keyword: str, limit: Any) -> str:  # noqa: ANN401 - a JSON Schema value
    """Return the message for a value that certainly violates a constraint, else an empty text."""
    text, number = node.text, node.number
    if text is None or not _violates(text, number, keyword, limit):
        return ""
    limit = ", ".join(limit) if isinstance(limit, list) else TYPES.get(limit, str(limit).replace(r"\Z", "$"))
    return MESSAGES[keyword].format(text=text, limit=limit)


def _violates(text: str | SymbolicString, number: float | None, keyword: str, limit: Any) -> bool:  # noqa: ANN401
    known = "".join(part for part in _sampled(text) if isinstance(part, str))
    if keyword == "maxLength":
        return bool(len(known) > limit)
    if keyword == "enum" and isinstance(text, SymbolicString):
        return all(text.filling(value) is None for value in limit)
    if keyword in ("pattern", "type") and isinstance(text, SymbolicString):
        pattern = limit if keyword == "pattern" else f"^{WHOLE.pattern}$"
        return (keyword == "pattern" or limit == "integer") and not _may_match(text, pattern)
    if isinstance(text, SymbolicString):
        return False
    violated: dict[str, bool] = {
        "type": keyword == "type" and (limit in TYPES if limit != "integer" else not WHOLE.fullmatch(text)),
        "enum": keyword == "enum" and text not in limit,
        "pattern": keyword == "pattern" and not re.search(limit, text),
        "minimum": keyword == "minimum" and number is not None and number < limit,
        "maximum": keyword == "maximum" and number is not None and number > limit,
        "minLength": keyword == "minLength" and len(text) < limit,
    }
    return violated[keyword]


def _sampled(text: str | SymbolicString) -> tuple[str | Unresolved, ...]:
    """Return the parts of a text in which pseudo parameters have values."""
    parts = text.parts if isinstance(text, SymbolicString) else (text,)
    joined = text_of([part if isinstance(part, str) else _PSEUDO.get(part.argument, part) for part in parts])
    return joined.parts if isinstance(joined, SymbolicString) else (joined,)


def _may_match(text: SymbolicString, pattern: str) -> bool:
    """Tell whether each known part of a text may be where it is in a text that matches."""
    parts = _sampled(text)
    last = len(parts) - 1
    known = [(part, index > 0, index < last) for index, part in enumerate(parts) if isinstance(part, str)]
    return all(_fits(*each, pattern) for each in known)


@cache
def _fits(part: str, has_before: bool, has_after: bool, pattern: str) -> bool:  # noqa: FBT001 - a key of the cache
    samples = [sample for sample in _SAMPLES if re.search(pattern, sample)]
    return not samples or any(
        re.search(pattern, sample[:start] + part + sample[end:])
        for sample in samples
        for start in (range(len(sample) + 1) if has_before else (0,))
        for end in (range(len(sample), start - 1, -1) if has_after else (len(sample),))
    )


def resolved_problems(experiment: Experiment) -> Iterator[tuple[Keys, str, Node, str]]:
    """Yield (path, keyword, node, message) for each value that a function gives and that is certainly invalid."""
    properties = experiment.at()
    if properties is None:
        return
    for keys, node in walk(properties):
        limits = _of_values().get(keys, ())
        yield from ((keys, *each) for each in _misplaced(experiment, node, limits))
        if limits and node.text is not None and _is_resolved(experiment, node, keys[-1]):
            yield from ((keys, *each) for each in _violated(experiment, keys, node, limits))
        if isinstance(node.value, MissingRow) and _is_deployable(experiment, node):
            yield (), "", node, f"{node.value}; add it, or do not allow the value that chooses it"


def undefined_names(experiment: Experiment) -> Iterator[tuple[Node, str]]:
    """Yield (node, message) for each name in the properties that the template does not have; cfn-lint reports these."""
    properties = experiment.at()
    for _, node in walk(properties) if properties is not None else ():
        if function_of(node.raw):
            yield from ((node, message) for message in undefined(experiment.view, node.raw))


def _misplaced(
    experiment: Experiment, node: Node, limits: Iterable[tuple[str, Any]]
) -> Iterator[tuple[str, Node, str]]:
    """Yield a function that gives a string or a list where the property is something else."""
    if isinstance(node.value, MissingRow) or not isinstance(node.value, SymbolicString | Unknown) or node.raw is None:
        return
    needed = next((limit for keyword, limit in limits if keyword == "type"), "")
    if not needed:
        return
    written = ShortForm.of(node.raw, node.value)
    given = written.gives(lambda name: gives_list(experiment.view.declared.get(name)))
    reference = reference_of(experiment.view, node)
    if reference is not None and reference.type == NESTED_STACK and reference.function == "Fn::GetAtt":
        given = "string"  # an output
    if given and given != (needed if needed in {"array", "object"} else "string"):
        # cfn-lint takes a list parameter for an object, and a dynamic reference for anything.
        passed = written.startswith("{{") or (written.startswith("!Ref ") and (given, needed) == ("array", "object"))
        message = f"{written} gives {TYPES.get(given, 'a string')}, not {TYPES.get(needed, f'a {needed}')}"
        yield "type" if passed else GIVES, node, message


def _violated(
    experiment: Experiment, keys: Keys, node: Node, limits: Iterable[tuple[str, Any]]
) -> Iterator[tuple[str, Node, str]]:
    if keys[0] == "Schedule" and isinstance(node.text, SymbolicString) and not _may_match(node.text, TIME):
        yield "pattern", node, f"'{node.text}' is not an ISO 8601 time with a zone; write it as 2030-01-31T08:00:00Z"
    for keyword, limit in limits:
        if experiment.is_native and keyword == "pattern" and (PROVIDER_ONLY - {"Tags", "InstanceType"}) & set(keys):
            continue
        if limit in ("array", "object") and node.within and not _is_of_mapping(node):
            continue
        message = violation(_with_forms(node), keyword, limit)
        if message:
            yield keyword, node, message


def _is_resolved(experiment: Experiment, node: Node, name: str) -> bool:
    """Tell whether a function, or another stack, gives the value, and the rules about references do not judge it."""
    if not isinstance(node.text, SymbolicString):
        return not node.is_plain or experiment.view.composition.is_passed(node.path)
    is_reference = name == "Destination" and isinstance(node.text.parts[0], Unresolved)
    return not is_reference and reference_of(experiment.view, node) is None


def _is_of_mapping(node: Node) -> bool:
    """Tell whether a row of a mapping is the value; cfn-lint reports a text of other functions instead of a list."""
    return (function_of(node.raw) or ("",))[0] == "Fn::FindInMap"


def _with_forms(node: Node) -> Node:
    """Return a value in which references to resources are the ARNs that they return."""
    text = node.text
    if not isinstance(text, SymbolicString):
        return node
    resources = node.scenario.source.resources
    parts = [[part] if isinstance(part, str) else expanded(part, resources) for part in text.parts]
    return Node(node.scenario, SymbolicString(tuple(part for each in parts for part in each)), node.path, within=False)


def walk(node: Node, keys: Keys = ()) -> Iterator[tuple[Keys, Node]]:
    """Yield (path, node) for everything beneath a node, and the node itself."""
    yield keys, node
    for name, member in node.members.items():
        yield from walk(member, (*keys, name))
    for item in node.items or ():
        yield from walk(item, (*keys, ANY_ELEMENT))


def _is_deployable(experiment: Experiment, node: Node) -> bool:
    """Tell whether the parameters that choose a row are allowed, not only keys of another mapping."""
    source = experiment.view.source
    names = {name for kind, name in mentioned(node.raw) if kind == "key"}
    if not names or (REGION in names and experiment.view.regions == DEFAULT_REGIONS):
        return False  # cfn-lint's E1011 reports literal keys
    values = experiment.scenario.parameters
    return all(values[name] in source.domain(name) for name in names if name in values)
