"""The properties that an update is to reach: from a JSON patch of the live ones, a file, and options."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import jsonpatch
import jsonpointer

from cfn_template.located import plain
from cfn_template.values import Path as Keys
from inference_experiment import contract
from inference_experiment import properties as property_rules
from inference_experiment.errors import Finding
from inference_experiment_cli.errors import CommandError, NotPossibleError, Place, UsageError
from inference_experiment_cli.inputs.documents import parse_document, read_document
from inference_experiment_cli.inputs.experiments import Experiment, findings
from inference_experiment_cli.operate.edits import Edit, apply_edit
from inference_experiment_cli.output import note

NO_OPERATION: Final = "is not an operation of a JSON patch (RFC 6902), which has op, path and value"
Changed = Mapping[Keys, str]
"""The option that is about the property of each path."""


def patched(live: Mapping[str, Any], patch: str, name: str = "--patch") -> dict[str, Any]:
    """Return the properties that a patch (a file, - or the JSON itself) makes of the live ones.

    `name` is that of JSON in messages. Raises CommandError, or a group with each finding.
    """
    inline = patch.lstrip().startswith(("[", "{"))
    document = parse_document(patch, name) if inline else read_document(Path(patch))
    value = plain(document.value)
    operations = value if isinstance(value, list) else [value]
    properties: Any = dict(live)
    for index, operation in enumerate(operations):
        keys = (index,) if isinstance(value, list) else ()
        try:
            properties = jsonpatch.apply_patch(properties, [operation])
        except jsonpatch.JsonPatchTestFailed as error:
            text = f"the live properties fail the test of {operation['path']}"
            raise NotPossibleError(text, document.place(keys)) from error
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
            if not isinstance(operation, Mapping) or "op" not in operation:
                text = f"cannot be applied: it {NO_OPERATION}; to set a property pass --set PATH=VALUE"
                raise document.error(keys, text) from error
            # The message ends with Python's form of the properties.
            problem = str(error).partition(" in {")[0].partition(" in [")[0]
            raise document.error(keys, f"cannot be applied: {problem}") from error
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            raise document.error(keys, f"{NO_OPERATION}: {error}") from error
        if not isinstance(properties, Mapping):
            raise document.error(keys, "replaces the properties by something that is not a mapping")
        refuse_create_only(live, properties, document.place(keys))
    return dict(properties)


def edited(
    properties: Mapping[str, Any], edits: Sequence[Edit], live: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], Changed]:
    """Return properties with the changes of options, and which option is about which path. Raises CommandError.

    `live`: the experiment's own, which forbid some changes. An option that changes nothing is noted.
    """
    changed: dict[str, Any] = dict(properties)
    paths: dict[Keys, str] = {}
    for edit in edits:
        before = changed
        changed, path = apply_edit(changed, edit)
        paths[path[:2] if path[0] == "Tags" else path] = edit.option
        if live is not None:
            refuse_create_only(live, changed, Place(edit.option))
            if before == changed:
                note(f"{edit.option}: changes nothing" + (", it is so already" if edit.text else ", it is not set"))
    return changed, paths


def check_edited(properties: Mapping[str, Any], changed: Changed, origin: str) -> None:
    """Raise a group with an error for each finding; `origin` is where the properties are from, but for the options."""
    found = property_rules.validate(properties)[1]
    if found:
        errors = [
            _of_option(finding, changed) or NotPossibleError(f"after the change, {finding}", Place(origin))
            for finding in found
        ]
        raise ExceptionGroup("invalid properties", errors)


def _of_option(finding: Finding, changed: Changed) -> CommandError | None:
    """Return the error for a finding about the property of an option, None for another's."""
    for path, option in changed.items():
        length = min(len(path), len(finding.keys))
        if length and path[:length] == finding.keys[:length]:
            return UsageError(str(finding), Place(option))
    return None


def of_file(live: Mapping[str, Any], experiment: Experiment) -> dict[str, Any]:
    """Return the properties of an experiment; without Name or Tags it leaves the live ones. Raises CommandError."""
    check_resolved(experiment)
    properties = dict(experiment.properties)
    for key in ("Name", "Tags"):
        if key not in properties and key in live:
            properties[key] = live[key]
    for key in sorted(contract.create_only()):
        refuse_create_only({key: live.get(key)}, {key: properties.get(key)}, experiment.place(key))
    return properties


def check_resolved(experiment: Experiment, changed: Changed | None = None) -> None:
    """Check an experiment that is to be deployed now: valid, with every value known. Raises CommandError.

    `changed`: which option is about which path.
    """
    unresolved = [(keys, one) for keys, one in experiment.unresolved.items() if keys[:1] != ("ServiceToken",)]
    if unresolved:
        keys, written = unresolved[0]
        raise UsageError(
            f"{written} is resolved at deployment; pass its --parameter NAME=VALUE", experiment.place(*keys)
        )
    found = findings(experiment)
    for error in filter(None, (_of_option(finding, changed or {}) for finding in found)):
        raise error
    _refuse(experiment, [(experiment.line(finding.keys), finding) for finding in found])


def require_valid(experiment: Experiment) -> None:
    """Raise NotPossibleError with the first finding, in whichever scenario of the file."""
    _refuse(experiment, experiment.declaration.findings())


def _refuse(experiment: Experiment, found: Sequence[tuple[int, Finding]]) -> None:
    if found:
        line, finding = found[0]
        more = f" (and {len(found) - 1} more: inference-experiment validate shows all)" if len(found) > 1 else ""
        raise NotPossibleError(f"{finding.message}{more}", Place(experiment.document.name, line, finding.path))


def refuse_create_only(live: Mapping[str, Any], desired: Mapping[str, Any], place: Place) -> None:
    """Raise NotPossibleError where a property would change that only a new experiment can have."""
    for key in sorted(contract.create_only()):
        before, after = live.get(key), desired.get(key)
        if before != after and (before or after):
            text = f"was set to {before} at creation" if before else "can be set at creation only"
            raise NotPossibleError(
                f"{text}; UpdateInferenceExperiment has no {key}; create another experiment under a new Name",
                Place(place.file, place.line, key),
            )
