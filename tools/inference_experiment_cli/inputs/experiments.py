"""The experiments that a file describes: a template's resources, bare properties, or what the API takes and answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from inference_experiment import checks, contract
from inference_experiment import properties as property_rules
from inference_experiment.errors import Finding
from inference_experiment_cli.convert.target import custom_only
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.documents import Document, Keys, read_document
from inference_experiment_cli.inputs.intrinsics import Hole, Resolver
from inference_experiment_cli.inventory.properties import to_properties

TYPES: Final = (contract.CUSTOM_TYPE, contract.NATIVE_TYPE)
# Describe's answer has these and a request has not.
ANSWER_KEYS: Final = frozenset({"Arn", "EndpointMetadata", "Status", "CreationTime"})


@dataclass(frozen=True)
class Experiment:
    """One experiment of a file; `properties` are CloudFormation's, with holes where only a deployment can tell."""

    document: Document = field(repr=False)
    logical_id: str
    native: bool
    properties: Mapping[str, Any]
    base: Keys = ()
    holes: Mapping[Keys, Hole] = field(default_factory=dict)

    def line(self, keys: Keys) -> int:
        """Return the line of a property such as Tags, 0, Key."""
        return self.document.line((*self.base, *keys))

    @property
    def place(self) -> str:
        """File and line, for messages."""
        return f"{self.document.name}:{self.line(())}"


def parse_parameters(texts: Sequence[str]) -> dict[str, str]:
    """Return what --parameter NAME=VALUE gives. Raises UsageError."""
    pairs = [text.partition("=") for text in texts]
    wrong = next((name for name, equals, _ in pairs if not equals or not name), None)
    if wrong is not None:
        raise UsageError(f"--parameter {wrong}: write it as NAME=VALUE")
    return {name: value for name, _, value in pairs}


def read_experiments(path: Path, parameters: Mapping[str, str]) -> list[Experiment]:
    """Return the experiments of a file, at least one. Raises UsageError."""
    document = read_document(path)
    value = document.value
    if not isinstance(value, Mapping):
        raise document.error((), "is not a mapping of properties")
    if isinstance(value.get("Resources"), Mapping):
        found = list(_of_template(document, parameters))
        if not found:
            raise document.error(("Resources",), f"no resource is of type {' or '.join(TYPES)}")
        return found
    if value.get("Type") in TYPES and "Properties" in value:
        return [_resource(document, "Experiment", value, (), Resolver({}, parameters))]
    if value.keys() & ANSWER_KEYS and "EndpointName" not in value:
        return [Experiment(document, "Experiment", native=False, properties=to_properties(value, {}))]
    return [_resource(document, "Experiment", {"Properties": value}, (), Resolver({}, parameters), of_file=True)]


def _of_template(document: Document, parameters: Mapping[str, str]) -> Iterator[Experiment]:
    for logical_id, resource in document.value["Resources"].items():
        if isinstance(resource, Mapping) and resource.get("Type") in TYPES:
            resolver = Resolver(document.value, parameters)
            yield _resource(document, logical_id, resource, ("Resources", logical_id), resolver)


def _resource(
    document: Document,
    logical_id: str,
    resource: Mapping[str, Any],
    base: Keys,
    resolver: Resolver,
    *,
    of_file: bool = False,
) -> Experiment:
    base = base if of_file else (*base, "Properties")
    properties = resolver.resolve(resource.get("Properties"), ())
    if not isinstance(properties, Mapping):
        raise document.error(base, "is not a mapping of properties")
    native = resource.get("Type") == contract.NATIVE_TYPE
    return Experiment(
        document,
        logical_id,
        native,
        _with_texts(properties) if of_file else dict(properties),
        base,
        dict(resolver.holes),
    )


def _with_texts(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties with the API's times (epoch seconds) as CloudFormation's."""
    made, schedule = dict(properties), properties.get("Schedule")
    if isinstance(schedule, Mapping):
        made["Schedule"] = {key: _time(value) for key, value in schedule.items()}
    return made


def _time(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    try:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return value


def choose(experiments: Sequence[Experiment], logical_id: str) -> Experiment:
    """Return the one experiment that is meant. Raises UsageError naming the choice."""
    chosen = [one for one in experiments if one.logical_id == logical_id] if logical_id else list(experiments)
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(one.logical_id for one in experiments)
    name = experiments[0].document.name
    if logical_id:
        raise UsageError(f"{name}: has no experiment {logical_id}; it has {names}")
    raise UsageError(f"{name}: has {len(experiments)} experiments: {names}; choose one with --logical-id")


def fill(value: Any, path: Keys = ()) -> Any:  # noqa: ANN401 - any JSON value
    """Return properties whose holes hold something valid; a time that is a hole is left out."""
    if isinstance(value, Hole):
        return _stand_in(str(path[-1]) if path else "", value)
    if isinstance(value, Mapping):
        hidden = {key for key, item in value.items() if path == ("Schedule",) and isinstance(item, Hole)}
        return {key: fill(item, (*path, key)) for key, item in value.items() if key not in hidden}
    if isinstance(value, list):
        return [fill(item, (*path, index)) for index, item in enumerate(value)]
    return value


def _stand_in(name: str, hole: Hole) -> object:
    slug = "-".join(filter(None, "".join(letter if letter.isalnum() else " " for letter in hole).split()))
    made: dict[str, object] = {
        "RoleArn": f"arn:aws:iam::000000000000:role/{slug[:60]}",
        "Destination": f"s3://{slug[:60]}",
        "InstanceType": "ml.unknown.unknown",
        "InstanceCount": 1,
        "SamplingPercentage": 1,
    }
    return made.get(name, slug.encode("ascii", "ignore").decode()[:60].strip("-") or "unknown")


def stand_ins(experiment: Experiment) -> dict[str, str]:
    """Return what stands in for the unknown values of an experiment, and how the template writes them."""
    pairs = {str(_stand_in(str(keys[-1]), hole)): str(hole) for keys, hole in experiment.holes.items() if keys}
    return {made: hole for made, hole in sorted(pairs.items(), key=lambda pair: -len(pair[0])) if len(made) > 2}  # noqa: PLR2004


def with_values(experiment: Experiment, live: Mapping[str, Any]) -> Experiment:
    """Return an experiment whose holes are what is live at the same place, or stand-ins. Raises UsageError."""
    filled = {
        key: (_merge(item, live.get(key), (key,)) if live else fill(item, (key,)))
        for key, item in experiment.properties.items()
    }
    shapeless = [
        key for key in ("ModelVariants", "ShadowModeConfig") if not isinstance(filled.get(key, []), list | dict)
    ]
    if shapeless:
        text = f"{experiment.holes.get((shapeless[0],), 'it')} cannot be resolved; give its --parameter NAME=VALUE"
        raise experiment.document.error((*experiment.base, shapeless[0]), text)
    return replace(experiment, properties=filled)


def _merge(value: Any, live: Any, path: Keys) -> Any:  # noqa: ANN401
    if isinstance(value, Hole):
        return fill(value, path) if live is None else live
    if isinstance(value, Mapping):
        known = live if isinstance(live, Mapping) else {}
        merged = {key: _merge(item, known.get(key), (*path, key)) for key, item in value.items()}
        hidden = {key for key in merged if path == ("Schedule",) and isinstance(value[key], Hole) and key not in known}
        return {key: item for key, item in merged.items() if key not in hidden}
    if isinstance(value, list):
        items = live if isinstance(live, list) else []
        return [_merge(item, _counterpart(item, index, items), (*path, index)) for index, item in enumerate(value)]
    return value


def _counterpart(item: object, index: int, items: Sequence[Any]) -> object:
    """Return the live entry that an entry of a list is about: the one of its key, else the one at its place."""
    for key in ("Key", "VariantName"):
        if isinstance(item, Mapping) and isinstance(item.get(key), str):
            return next((one for one in items if one.get(key) == item[key]), None)
    return items[index] if index < len(items) else None


def findings(experiment: Experiment) -> list[Finding]:
    """Return everything that is wrong with an experiment's properties, in the order of the file."""
    filled: dict[str, Any] = fill(experiment.properties)
    restored, found = property_rules.validate(filled)
    # The function stops at the schema's findings; who mends a file wants all of them.
    found += [one for one in _safely(restored) if one not in found] if found else []
    if experiment.native:
        found += [Finding((key,), f"is a property of {contract.CUSTOM_TYPE} only") for key in custom_only(filled)]
        found += [Finding(("Name",), "is required by the native type")] if "Name" not in filled else []
    known = [one for one in found if not _unknowable(one, experiment.holes)]
    return sorted(known, key=lambda one: (experiment.line(one.keys), one.path))


def _safely(properties: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        yield from checks.check(properties)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        return  # the checks expect what the schema has passed; what they found until here is right


def _unknowable(finding: Finding, holes: Mapping[Keys, Hole]) -> bool:
    """Return whether a finding depends on a value that is not known."""
    places = (finding.keys, *finding.related)
    return any(keys[:length] in holes for keys in places for length in range(1, len(keys) + 1))
