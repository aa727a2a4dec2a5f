"""The properties that an update is to reach: from an RFC 6902 patch of the live ones, or from a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonpatch
import jsonpointer

from cfn_template.located import plain
from inference_experiment import contract
from inference_experiment import properties as property_rules
from inference_experiment.errors import Finding
from inference_experiment_cli.errors import NotPossibleError, Place, UsageError
from inference_experiment_cli.inputs.documents import read_document
from inference_experiment_cli.inputs.experiments import Experiment, findings


def patched(live: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the properties that a patch makes of the live ones. Raises CommandError, or a group with each finding."""
    document = read_document(path)
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
            raise document.error(keys, f"cannot be applied: {error}") from error
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            raise document.error(keys, f"is not an operation of RFC 6902: {error}") from error
        if not isinstance(properties, Mapping):
            raise document.error(keys, "replaces the properties by something that is not a mapping")
        refuse_create_only(live, properties, document.place(keys))
    found = property_rules.validate(properties)[1]
    if found:
        errors = [NotPossibleError(f"after the patch, {finding}", Place(document.name)) for finding in found]
        raise ExceptionGroup("invalid properties", errors)
    return dict(properties)


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


def check_resolved(experiment: Experiment) -> None:
    """Check an experiment that is to be deployed now: valid, with every value known. Raises CommandError."""
    unresolved = [(keys, one) for keys, one in experiment.unresolved.items() if keys[:1] != ("ServiceToken",)]
    if unresolved:
        keys, written = unresolved[0]
        raise UsageError(
            f"{written} is resolved at deployment; pass its --parameter NAME=VALUE", experiment.place(*keys)
        )
    _refuse(experiment, [(experiment.line(finding.keys), finding) for finding in findings(experiment)])


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
