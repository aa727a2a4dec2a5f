"""Reads StackQL's manifests: the resources of stack-deploy, and the list of resources on the provider's pages.

A placeholder without a value becomes a Ref, or an Fn::Sub within a text, so that templates and manifests are one to
what reads them.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cfn_template.located import plain
from cfn_template.values import Path, ShortForm
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.api_names import api_name, api_value, property_value, schema_at
from inference_experiment_cli.inputs.documents import Document
from inference_experiment_cli.inputs.placeholders import PLACEHOLDER, check_names, fill, placeholders_in, value_of

RESOURCE: Final = re.compile(r"inference[_-]?experiments?", re.IGNORECASE)
MARKS: Final = frozenset({"EndpointName", "ModelVariants"})
"""Properties by which a resource of another name is known for an experiment."""
REGION: Final = "region"
ENVIRONMENT: Final = "stack_env"
# The page of the provider leaves numbers unquoted, which is YAML only when they are filled.
_UNQUOTED: Final = re.compile(
    r"^([ \t]*(?:- )?\w+:[ \t]+)(\{\{[ \t]*[A-Za-z_][\w.\[\]]*[ \t]*\}\})(?=[ \t\r]*$)", re.MULTILINE
)
_REFERENCE: Final = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class ManifestExperiment:
    """An experiment of a manifest; `places`: where each part of its properties is written."""

    logical_id: str
    properties: Mapping[str, Any] = field(repr=False)
    places: Mapping[Path, Path] = field(repr=False)
    region: str


def quote_placeholders(text: str) -> str:
    """Return a text whose placeholders are quoted where a value is nothing else."""
    return _UNQUOTED.sub(r"\1'\2'", text)


def is_manifest(value: object) -> bool:
    """Return whether a document is a manifest of StackQL."""
    if isinstance(value, Mapping):
        return isinstance(value.get("resources"), list) and "Resources" not in value
    return (
        isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) and "props" in each for each in value)
    )


def placeholder_form(written: ShortForm) -> ShortForm:
    """Return the reference that stands for a placeholder as the manifest has it."""
    text = written.removeprefix("!Sub ")
    if text.startswith("!Ref "):
        return ShortForm(f"{{{{ {text.removeprefix('!Ref ')} }}}}")
    return ShortForm(_REFERENCE.sub(r"{{ \1 }}", text))


def manifest_names(document: Document) -> list[str]:
    """Return the names of all placeholders of a manifest."""
    return list(dict.fromkeys(name for text in _texts(document.value) for name in placeholders_in(text)))


def manifest_experiments(
    document: Document, given: Mapping[str, str], *, strict: bool, reference: Callable[[str], str] = str
) -> list[ManifestExperiment]:
    """Return the experiments of a manifest, at least one. Raises UsageError.

    `strict`: each given value has to be that of a placeholder. `reference` gives the name in Ref of a placeholder.
    """
    if strict:
        check_names(given, [*manifest_names(document), ENVIRONMENT])
    reader = _Reader(document, _values(document.value, given), reference)
    path: Path = ("resources",) if isinstance(document.value, Mapping) else ()
    found = [
        reader.experiment((*path, index), each)
        for index, each in enumerate(_resources(document.value))
        if _is_experiment(each)
    ]
    if not found:
        raise document.error(path, "has no inference experiment: a resource with the name inference_experiment")
    return found


def _resources(value: object) -> Sequence[Any]:
    listed = value["resources"] if isinstance(value, Mapping) else value
    return listed if isinstance(listed, list) else []


def _props(resource: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    props = resource.get("props")
    return [each for each in props if isinstance(each, Mapping)] if isinstance(props, list) else []


def _is_experiment(resource: object) -> bool:
    if not isinstance(resource, Mapping) or "name" not in resource:
        return False
    names = {api_name(str(each.get("name", ""))) for each in _props(resource)}
    file = str(resource.get("file") or resource["name"])
    return bool(RESOURCE.search(file)) or names >= MARKS


def _values(manifest: object, given: Mapping[str, str]) -> dict[str, str]:
    """Return the values of placeholders: those given, then the manifest's own."""
    values: dict[str, str] = {}
    if isinstance(manifest, Mapping):
        values["stack_name"] = str(manifest.get("name", ""))
        for each in manifest.get("globals") or ():
            text = fill(str(each.get("value", "")), given) if isinstance(each, Mapping) else ""
            if text and not placeholders_in(text):
                values[str(each.get("name", ""))] = text
    return {**values, **given}


@dataclass(frozen=True)
class _Reader:
    """Reads the resources of a manifest with the values of its placeholders."""

    document: Document
    values: Mapping[str, str]
    reference: Callable[[str], str]

    def experiment(self, path: Path, resource: Mapping[str, Any]) -> ManifestExperiment:
        """Return one resource. Raises UsageError."""
        properties: dict[str, Any] = {}
        places: dict[Path, Path] = {(): path}
        region = self.values.get(REGION, "")
        for index, prop in enumerate(resource.get("props") or ()):
            at = (*path, "props", index)
            if not isinstance(prop, Mapping) or "name" not in prop:
                raise self.document.error(at, "is not a property: write name and value")
            name = api_name(str(prop["name"]))
            written, where = self._written(prop, at)
            value = self._filled(plain(written))
            if name == REGION:
                region = value if isinstance(value, str) else region
                continue
            try:
                properties[name] = property_value(name, value)
            except ValueError as error:
                raise self.document.error(where, str(error)) from error
            api_value(plain(written), schema_at((name,)), where, (name,), places)
        return ManifestExperiment(_logical_id(str(resource["name"])), properties, places, region)

    def _written(self, prop: Mapping[str, Any], path: Path) -> tuple[object, Path]:
        """Return the value of a property and its place; `values` has one for each environment."""
        environments = prop.get("values")
        if not isinstance(environments, Mapping):
            return prop.get("value"), (*path, "value")
        name = self.values.get(ENVIRONMENT, next(iter(environments)) if len(environments) == 1 else "")
        if name not in environments:
            listed = ", ".join(map(str, environments))
            text = f"has a value for each of {listed}; pass --parameter {ENVIRONMENT}=NAME"
            raise self.document.error((*path, "values"), text)
        chosen = environments[name]
        return chosen.get("value") if isinstance(chosen, Mapping) else chosen, (*path, "values", name)

    def _filled(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, Mapping):
            return {key: self._filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if not isinstance(value, str):
            return value
        whole = PLACEHOLDER.fullmatch(value.strip())
        if whole and value_of(whole[1], self.values) is None:
            return {"Ref": self.reference(whole[1])}
        text = fill(value, self.values)
        if not placeholders_in(text):
            return text
        return {"Fn::Sub": PLACEHOLDER.sub(lambda match: f"${{{self.reference(match[1])}}}", text)}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def _logical_id(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\W_]+", name)) or "Experiment"


def parameter_name(placeholder: str) -> str:
    """Return the name of the parameter of a template that stands for a placeholder."""
    return _logical_id(placeholder)


def require_distinct(experiments: Sequence[ManifestExperiment], document: Document) -> None:
    """Raise UsageError where two experiments would have one logical ID."""
    names = [each.logical_id for each in experiments]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{document.name}: two resources have the name {name}; rename one")
