"""The experiments of a file: a template's resources, bare properties, or what the API takes and answers."""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from cfn_template.language_extensions import expand
from cfn_template.located import plain
from cfn_template.mentions import mentioned
from cfn_template.nested import Composition, compose
from cfn_template.nodes import Node, resolve
from cfn_template.parameters import PSEUDO
from cfn_template.scenarios import Scenario, describe, needs_of
from cfn_template.values import Path as Keys
from cfn_template.values import Raw, ShortForm, Unresolved
from iam_policy.findings import MAXIMUM_MESSAGE
from inference_experiment import contract
from inference_experiment import properties as property_rules
from inference_experiment.errors import Finding
from inference_experiment.observed_properties import epoch_as_text, to_properties
from inference_experiment_cli.convert.target import custom_only
from inference_experiment_cli.errors import Place, UndecidedError, UsageError, nearest
from inference_experiment_cli.inputs.api_names import TEXT_TYPES, schema_at
from inference_experiment_cli.inputs.documents import Document, parse_document, read_text
from inference_experiment_cli.inputs.instance_types import hosting_instance_types
from inference_experiment_cli.inputs.parameters import check_parameters
from inference_experiment_cli.inputs.placeholders import parameters_for, placeholders_in
from inference_experiment_cli.inputs.stackql import (
    ENVIRONMENT,
    is_manifest,
    manifest_experiments,
    manifest_names,
    placeholder_form,
    quote_placeholders,
    require_distinct,
)
from shadow_test_policies.endpoints import production_change
from shadow_test_policies.experiment import SUBJECT, ExperimentTemplate, experiment_in
from shadow_test_policies.experiment import Experiment as TemplateExperiment
from shadow_test_policies.instance_types import unknown_instance_type
from shadow_test_policies.registry_type import REGISTRY_TYPES, subject_with, wrong_type_name
from shadow_test_policies.resolved_values import GIVES, resolved_problems, undefined_names
from shadow_test_policies.service_token import wrong_service_token
from shadow_test_policies.wrong_references import wrong_references

TYPES: Final = (contract.CUSTOM_TYPE, contract.NATIVE_TYPE)  # beside the names of the registry type
# Describe's answer has these and a request has not.
ANSWER_KEYS: Final = frozenset({"Arn", "EndpointMetadata", "Status", "CreationTime"})
INSTANCE_TYPE: Final = ("InfrastructureConfig", "RealTimeInferenceConfig", "InstanceType")
DEFAULT_ID: Final = "Experiment"
UNKNOWN_COUNTS: Final = 400_000_000  # stand-ins for instance counts: far above any, and within nine digits
# What no parameter can decide.
AT_DEPLOYMENT: Final = ("!GetAtt ", "!ImportValue ", "!Transform ")
# A deployment from here is taken for one in a region of the standard partition.
ASSUMED: Final = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}


@dataclass(frozen=True)
class Experiment:
    """One experiment of a file in one scenario; `unresolved` are the values that only a deployment knows, by key."""

    declaration: "Declaration" = field(repr=False)
    native: bool
    properties: Mapping[str, Any]
    places: Mapping[Keys, Keys] = field(default_factory=dict, repr=False)
    unresolved: Mapping[Keys, ShortForm] = field(default_factory=dict)
    is_created: bool = True
    assumed: tuple[str, ...] = ()  # conditions that nothing decides, such as "IsProd is false"
    registered: bool = False  # of the registry type, which has no ServiceToken
    wrong_token: str = ""  # why ServiceToken cannot be the provider's
    warning: str = ""  # what the experiment changes in the variant of its endpoint that serves production
    partly_known: tuple[Finding, ...] = ()  # what is wrong with values that are not entirely known
    changing: Mapping[Keys, str] = field(default_factory=dict)  # why an unresolved value is not what it was
    scenario: Scenario | None = field(default=None, repr=False)  # of the deployment

    @property
    def document(self) -> Document:
        """The file."""
        return self.declaration.document

    @property
    def logical_id(self) -> str:
        """The name in the template."""
        return self.declaration.logical_id

    @property
    def type(self) -> str:
        """The type in the template; of a file that is none, that of properties alone."""
        return self.declaration.view.type_of(self.logical_id)

    def line(self, keys: Keys) -> int:
        """Return the line of a property such as Tags, 0, Key, or of what is around it."""
        while keys and keys not in self.places:
            keys = keys[:-1]
        return self.document.line(self.places.get(keys, keys))

    def place(self, *keys: str | int) -> Place:
        """Return the place of a property, for messages; one that is not written has the line of what is around it."""
        return Place(self.document.name, self.line(keys), "/".join(map(str, keys)))


@dataclass(frozen=True)
class Declaration:
    """One experiment as a file declares it. `within` is the path of the file's text in the template of the view."""

    document: Document = field(repr=False)
    view: ExperimentTemplate = field(repr=False)
    logical_id: str
    within: Keys = ()
    written: Mapping[Keys, Keys] | None = field(default=None, repr=False)
    """Of a StackQL manifest: where each part of the properties is written."""
    region: str = ""

    @property
    def is_in_template(self) -> bool:
        """Whether the file is a template, so that CloudFormation reads ServiceToken and ServiceTimeout."""
        return not self.within

    def in_scenario(self, scenario: Scenario) -> Experiment:
        """Return the experiment with its values in a scenario. Raises UsageError."""
        node = self.view.resource(self.logical_id, scenario)
        found = resolve(node.get("Properties") or Node(scenario, None, (*node.path, "Properties")))
        brought = isinstance(found.value, ShortForm) and found.value.startswith("!Transform ")
        value = {} if brought else found.value
        places = self._places(found.places)
        if not isinstance(value, dict):
            raise self.document.error(places[()], "is not a mapping of properties")
        experiment = experiment_in(self.view, self.logical_id, scenario)
        native = experiment.is_native
        # The API writes times as seconds; CloudFormation does not.
        properties = _with_texts(value) if self.within[-1:] == ("Properties",) else value
        token = node.at("Properties", "ServiceToken") if experiment.is_custom and self.is_in_template else None
        wrong = wrong_service_token(self.view, token)
        if wrong:
            wrong = self.view.composition.word(node.path, wrong, MAXIMUM_MESSAGE)
        partly = tuple(self._partly_known(experiment, {path: keys for keys, path in found.places.items()}))
        change = production_change(experiment)
        warning = change[1] if change else ""
        return Experiment(
            self,
            native,
            properties,
            places,
            found.unresolved if self.written is None else {k: placeholder_form(v) for k, v in found.unresolved.items()},
            registered=not native and not experiment.is_custom,
            wrong_token=wrong,
            warning=warning,
            partly_known=partly,
        )

    def _partly_known(self, experiment: TemplateExperiment, keys_at: Mapping[Keys, Keys]) -> Iterator[Finding]:
        """Yield what is wrong whatever the values are that only a deployment knows."""
        problems = [
            (each, message)
            for _, keyword, each, message in resolved_problems(experiment)
            if keyword != GIVES or self.written is None  # placeholders of a manifest stand for anything
        ]
        # Only a template has all that it refers to.
        problems += undefined_names(experiment) if self.is_in_template else []
        problems = [(each, message) for each, message in problems if not isinstance(each.text, str)]
        problems += wrong_references(experiment)
        yield from (Finding(keys_at.get(each.path, ()), message) for each, message in problems)

    def _places(self, found: Mapping[Keys, Keys]) -> dict[Keys, Keys]:
        """Return where each part of the properties is in the file."""
        if self.written is not None:
            return {keys: self.written[keys] for keys in found if keys in self.written}
        return {keys: path[len(self.within) :] for keys, path in found.items()}

    def in_deployment(
        self, given: Mapping[str, Any], *, assume: bool, deployed: Mapping[Unresolved, str] | None = None
    ) -> Experiment:
        """Return the experiment with given values and defaults, and what references give in a deployed stack."""
        known = {**ASSUMED, **given}
        scenario = opened = self.view.deployment(known, (), deployed)
        undecided: list[str] = []
        if assume:
            needed = needs_of(self.view.source, self.view.raws([self.logical_id]))[1]
            undecided = [name for name in needed if opened.decide(name) is None]
            scenario = self.view.deployment(known, needed, deployed)
        assumed = tuple(f"{name} is {str(scenario.decide(name)).lower()}" for name in undecided)
        is_created = self.view.exists(self.logical_id, scenario)
        experiment = self.in_scenario(scenario)
        if self.written is not None:
            _require_filled(experiment)
        return replace(experiment, is_created=is_created, assumed=assumed, scenario=scenario)

    def unresolved_values(self) -> int:
        """Return how many values only a deployment knows, in the scenario with the most of them."""
        scenarios = self.view.scenarios({self.logical_id})
        return max((len(self.in_scenario(scenario).unresolved) for scenario in scenarios), default=0)

    def findings(self) -> list[tuple[int, Finding]]:
        """Return what is wrong in any scenario, with its line; the message names the scenario as lint does."""
        scenarios = self.view.scenarios({self.logical_id})
        found: dict[tuple[int, Finding], list[Scenario]] = {}
        for scenario in scenarios:
            experiment = self.in_scenario(scenario)
            for finding in findings(experiment):
                found.setdefault((experiment.line(finding.keys), finding), []).append(scenario)
        worded = [
            (line, replace(finding, message=finding.message + describe(holds, scenarios)))
            for (line, finding), holds in found.items()
        ]
        return sorted(worded, key=lambda pair: (pair[0], pair[1].path))


def _require_filled(experiment: Experiment) -> None:
    """Raise UsageError for a placeholder of a StackQL manifest without a value: no deployment will know it."""
    for keys, written in experiment.unresolved.items():
        name = placeholders_in(written)[0]
        raise UsageError(f"{written} has no value; pass --parameter {name}=VALUE", experiment.place(*keys))


def read_experiments(
    path: Path,
    given: Mapping[str, str],
    types: frozenset[str] = REGISTRY_TYPES,
    *,
    strict: bool = True,
    assume: bool = False,
) -> list[Experiment]:
    """Return the experiments that a deployment of a file makes, at least one. Raises UsageError.

    `assume`: a condition that nothing decides does not hold, instead of leaving values unresolved. `types` are the
    names of the registry type.
    """
    return [one.in_deployment(given, assume=assume) for one in read_declarations(path, given, types, strict=strict)]


def read_files(
    paths: Sequence[Path], given: Mapping[str, str], types: frozenset[str] = REGISTRY_TYPES
) -> list[Declaration]:
    """Return the experiments of files; a given parameter has to be one that some file has. Raises UsageError."""
    several = len(paths) > 1
    declarations = [one for path in paths for one in read_declarations(path, given, types, strict=not several)]
    if several:
        templates = [parameters_of(one.document) for one in declarations if one.is_in_template]
        declared = {name: raw for one in templates for name, raw in one.items()}
        used = {name for one in declarations if not one.is_in_template for name in _referred(one.document)}
        unknown = {name: value for name, value in given.items() if name not in {*declared, *used}}
        check_parameters(declared, unknown)
    return declarations


def read_declarations(
    path: Path, given: Mapping[str, str], types: frozenset[str] = REGISTRY_TYPES, *, strict: bool = True
) -> list[Declaration]:
    """Return the experiments that a file declares, at least one. Raises UsageError.

    `strict`: each given parameter has to be one of the template's. `types` are the names of the registry type.
    """
    name, text = read_text(path)
    return declarations_of(parse_document(quote_placeholders(text), name), given, types, strict=strict)


def declarations_of(
    document: Document, given: Mapping[str, Any], types: frozenset[str] = REGISTRY_TYPES, *, strict: bool = True
) -> list[Declaration]:
    """Return the experiments that a document declares, at least one. Raises UsageError."""
    value = document.value
    if is_manifest(value):
        return _of_manifest(document, given, strict=strict)
    if is_template(document):
        return template_declarations(document, given, types, strict=strict)
    if strict:
        _check_references(document, given)
    if value.get("Type") in {*TYPES, *types} and "Properties" in value:
        return [_wrapped(document, value, ("Resources", DEFAULT_ID), given, types)]
    if value.keys() & ANSWER_KEYS and "EndpointName" not in value:
        value = to_properties(plain(value), {})
    resource = {"Type": contract.CUSTOM_TYPE, "Properties": value}
    return [_wrapped(document, resource, ("Resources", DEFAULT_ID, "Properties"), given, types)]


def is_template(document: Document) -> bool:
    """Return whether a document is a template. Raises UsageError for one that has no members at all."""
    if not isinstance(document.value, Mapping):
        raise document.error((), "is not a mapping of properties")
    return isinstance(document.value.get("Resources"), Mapping)


def _referred(document: Document) -> set[str]:
    if is_manifest(document.value):
        return {*parameters_for(manifest_names(document)), ENVIRONMENT}
    return {name for kind, name in mentioned(document.value) if kind == "name"}


def _check_references(document: Document, given: Mapping[str, str]) -> None:
    """Raise UsageError for a parameter that a file without Parameters does not refer to."""
    used = _referred(document)
    for name in given:
        if name not in used and name not in PSEUDO:
            near = nearest(name, used)
            advice = f"did you mean {near}?" if near else "it is not a template and has no such Ref"
            raise UsageError(f"--parameter {name}: {document.name} does not use it; {advice}")


def _wrapped(
    document: Document, resource: Raw, within: Keys, given: Mapping[str, str], types: frozenset[str]
) -> Declaration:
    """Return the experiment of a file that is no template, in a template of its own."""
    template = {"Parameters": {name: {"Type": "String"} for name in given}, "Resources": {DEFAULT_ID: resource}}
    view = ExperimentTemplate.of(Composition("", template), types, parameter_sets=[given])
    return Declaration(document, view, DEFAULT_ID, within)


def _of_manifest(document: Document, given: Mapping[str, str], *, strict: bool) -> list[Declaration]:
    experiments = manifest_experiments(document, given, strict=strict)
    require_distinct(experiments, document)
    parameters = {name: {"Type": "String"} for name in manifest_names(document)}
    declarations = []
    for one in experiments:
        resource = {"Type": contract.CUSTOM_TYPE, "Properties": one.properties}
        view = ExperimentTemplate({"Parameters": parameters, "Resources": {one.logical_id: resource}})
        within = ("Resources", one.logical_id, "Properties")
        declarations.append(Declaration(document, view, one.logical_id, within, one.places, one.region))
    return declarations


def template_declarations(
    document: Document,
    given: Mapping[str, Any],
    types: frozenset[str] = REGISTRY_TYPES,
    *,
    strict: bool = True,
    may_lack: bool = False,
) -> list[Declaration]:
    """Return the experiments that a template declares. Raises UsageError, also for none unless it `may_lack` one."""
    declared = parameters_of(document)
    known = given if strict else {name: value for name, value in given.items() if name in {*declared, *PSEUDO}}
    check_parameters(declared, {name: value for name, value in known.items() if isinstance(value, str)})
    loops = ExperimentTemplate(document.value).deployment(known)
    document = replace(document, value=expand(document.value, loops.evaluator.evaluate))
    composition = compose(document.value, document.name, subject_with(SUBJECT, types - REGISTRY_TYPES))
    view = ExperimentTemplate.of(composition, types, parameter_sets=[known] if known else ())
    own = [name for name in view.experiments if name in document.value["Resources"]]
    if not own and not may_lack:
        raise document.error(("Resources",), _no_experiment(document, types))
    return [Declaration(document, view, str(name)) for name in own]


def _no_experiment(document: Document, types: frozenset[str]) -> str:
    """Return what to do about a template without an experiment: a type of another name has to be named."""
    resources = [each for each in document.value["Resources"].values() if isinstance(each, Mapping)]
    private = [str(kind) for each in resources if (kind := each.get("Type")) and not wrong_type_name(str(kind))]
    advice = f" (is {private[0]} the registry type? --registry-type {private[0]})" if private else ""
    *first, last = (*TYPES, *sorted(types))
    return f"no resource is of type {', '.join(first)} or {last}{advice}"


def parameters_of(document: Document) -> Mapping[str, Raw]:
    """Return the parameters that a template declares."""
    declared = document.value.get("Parameters")
    return declared if isinstance(declared, Mapping) else {}


def _with_texts(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties with the API's times (epoch seconds) as CloudFormation's."""
    made, schedule = dict(properties), properties.get("Schedule")
    if isinstance(schedule, Mapping):
        made["Schedule"] = {key: epoch_as_text(value) for key, value in schedule.items()}
    return made


def choose(experiments: Sequence[Experiment], logical_id: str) -> Experiment:
    """Return the one experiment to use. Raises UsageError naming the choice."""
    created = [one for one in experiments if one.is_created]
    chosen = [one for one in experiments if one.logical_id == logical_id] if logical_id else created or experiments
    if len(chosen) == 1:
        if chosen[0].is_created:
            return chosen[0]
        place = chosen[0].place("Resources", chosen[0].logical_id)
        raise UsageError("its Condition does not hold; pass its --parameter NAME=VALUE", place)
    names = ", ".join(one.logical_id for one in experiments)
    name = experiments[0].document.name
    if logical_id:
        raise UsageError(f"{name}: has no experiment {logical_id}; it has {names}")
    raise UsageError(f"{name}: has {len(experiments)} experiments: {names}; choose one with --logical-id")


def fill(value: Any, live: Any = None, path: Keys = ()) -> Any:  # noqa: ANN401 - any JSON value
    """Return properties with the live value for each unresolved one, or something valid; a time is then left out."""
    if isinstance(value, ShortForm):
        return stand_in(str(path[-1]) if path else "", value) if live is None else live
    if isinstance(value, Mapping):
        known = live if isinstance(live, Mapping) else {}
        times = value.keys() - known.keys() if path == ("Schedule",) else ()
        hidden = {key for key in times if isinstance(value[key], ShortForm)}
        return {key: fill(item, known.get(key), (*path, key)) for key, item in value.items() if key not in hidden}
    if isinstance(value, list):
        items = live if isinstance(live, list) else []
        return [fill(item, _counterpart(item, index, items), (*path, index)) for index, item in enumerate(value)]
    return value


def stand_in(name: str, written: ShortForm) -> object:
    """Return something valid for a property whose value is not known."""
    slug = re.sub(r"[\W_]+", "-", written).strip("-")
    made: dict[str, object] = {
        "RoleArn": f"arn:aws:iam::000000000000:role/{slug[:60]}",
        "Destination": f"s3://{slug[:60]}",
        "InstanceType": "ml.unknown.unknown",
        "InstanceCount": UNKNOWN_COUNTS + zlib.crc32(written.encode()) % UNKNOWN_COUNTS,
        "SamplingPercentage": 1,
    }
    return made.get(name, slug.encode("ascii", "ignore").decode()[:60].strip("-") or "unknown")


def stand_ins(experiment: Experiment) -> dict[str, str]:
    """Return what stands in for the unknown values of an experiment, and how the template writes them."""
    pairs = {str(stand_in(str(keys[-1]), one)): str(one) for keys, one in experiment.unresolved.items() if keys}
    ordered = sorted(pairs.items(), key=lambda pair: -len(pair[0]))
    return {stand_in: written for stand_in, written in ordered if len(stand_in) > 2}  # noqa: PLR2004


def with_values(experiment: Experiment, live: Mapping[str, Any]) -> Experiment:
    """Return an experiment whose unresolved values are the live ones, or stand-ins. Raises CommandError."""
    filled = fill(experiment.properties, live)
    transform = next((one for keys, one in experiment.unresolved.items() if not keys or _is_transform(keys, ())), None)
    if transform is not None:
        if not live:
            kind = UndecidedError if transform.startswith(AT_DEPLOYMENT) else UsageError
            raise kind(
                f"{transform} brings properties at deployment; write them in the file", experiment.place("Properties")
            )
        filled = {**live, **filled}
    for keys, written in experiment.unresolved.items():
        # Nothing can stand in for a list or a mapping.
        if schema_at(keys).get("type") not in TEXT_TYPES or isinstance(_member(filled, keys), list | Mapping):
            continue
        if written.startswith(AT_DEPLOYMENT):
            raise UndecidedError(
                f"{written} is known at deployment only; write the value in the file", experiment.place(*keys)
            )
        raise UsageError(f"{written} cannot be resolved; pass its --parameter NAME=VALUE", experiment.place(*keys))
    return replace(experiment, properties=filled)


def _member(value: Any, keys: Keys) -> Any:  # noqa: ANN401 - any JSON value
    """Return what properties have at a path that is in them."""
    for key in keys:
        value = value[key]
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
    _, found = property_rules.validate(filled, native=experiment.native)
    if experiment.native:
        found += [Finding((key,), f"is a property of {contract.CUSTOM_TYPE} only") for key in custom_only(filled)]
        found += [Finding(("Name",), "is required by the native type")] if "Name" not in filled else []
    elif experiment.registered:
        misplaced = sorted(contract.SERVICE_PROPERTIES & filled.keys())
        found += [Finding((key,), "is a property of custom resources only; remove it") for key in misplaced]
    elif experiment.declaration.is_in_template:
        found += _service_findings(filled)
    misnamed = list(_unknown_instance_types(filled))
    found = [one for one in found if one.keys not in {each.keys for each in misnamed}] + misnamed
    known = [one for one in found if not _depends_on_unresolved(one, experiment)]
    known += [Finding(("ServiceToken",), experiment.wrong_token)] if experiment.wrong_token else []
    known += experiment.partly_known
    return sorted(known, key=lambda one: (experiment.line(one.keys), one.path))


def _unknown_instance_types(filled: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the instance types that no region has; the provider leaves the list of them to SageMaker."""
    variants = filled.get("ModelVariants")
    for index, variant in enumerate(variants if isinstance(variants, list) else ()):
        value: Any = variant
        for key in INSTANCE_TYPE:
            value = value.get(key) if isinstance(value, Mapping) else None
        message = unknown_instance_type(value, hosting_instance_types()) if isinstance(value, str) else None
        if message is not None:
            yield Finding(("ModelVariants", index, *INSTANCE_TYPE), message)


def _service_findings(filled: Mapping[str, Any]) -> list[Finding]:
    """Return what is wrong with the properties that CloudFormation itself reads."""
    chosen = {key: value for key, value in filled.items() if key in contract.SERVICE_PROPERTIES}
    return property_rules.check_schema(property_rules.restore(chosen, contract.schema()), contract.SERVICE_PROPERTIES)


def _depends_on_unresolved(finding: Finding, experiment: Experiment) -> bool:
    """Return whether a finding depends on a value that is not known, or that a transform may bring."""
    for keys in (finding.keys, *finding.related):
        around = [keys[:length] for length in range(len(keys) + (keys != finding.keys or not finding.of_name))]
        if any(one in experiment.unresolved for one in around):
            return True
        missing = next((one for one in around if one not in experiment.places), None)
        if missing and any(_is_transform(key, missing[:-1]) for key in experiment.unresolved):
            return True
    return False


def _is_transform(key: Keys, container: Keys) -> bool:
    """Return whether an unresolved value may bring members into a mapping."""
    return bool(key) and key[:-1] == container and str(key[-1]).startswith("Fn::")
