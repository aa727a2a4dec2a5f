"""What an update is to make of an experiment: from an RFC 6902 patch of its properties, or from a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inference_experiment import contract
from inference_experiment import properties as property_rules
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.documents import read_document
from inference_experiment_cli.inputs.experiments import Experiment, choose, findings, read_experiments


def patched(live: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], str]:
    """Return the properties that a patch makes of the live ones, and the patch's place. Raises UsageError."""
    import jsonpatch  # noqa: PLC0415
    import jsonpointer  # noqa: PLC0415

    document = read_document(path)
    operations = document.value if isinstance(document.value, list) else [document.value]
    properties: Any = dict(live)
    for index, operation in enumerate(operations):
        keys = (index,) if isinstance(document.value, list) else ()
        try:
            properties = jsonpatch.apply_patch(properties, [operation])
        except jsonpatch.JsonPatchTestFailed as error:
            raise document.error(keys, f"the test fails: {str(error).splitlines()[0]}") from error
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
            raise document.error(keys, f"cannot be applied: {error}") from error
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            raise document.error(keys, f"is not an operation of RFC 6902: {error}") from error
        if not isinstance(properties, Mapping):
            raise document.error(keys, "makes something else of the properties than a mapping")
        refuse_create_only(live, properties, f"{document.name}:{document.line(keys)}")
    return dict(properties), document.name


def validated(properties: dict[str, Any], place: str) -> dict[str, Any]:
    """Return properties that a patch made, if they are valid. Raises UsageError with every finding."""
    found = property_rules.validate(properties)[1]
    if found:
        raise UsageError(f"{place}: the patched properties are not valid: " + "; ".join(map(str, found)))
    return properties


def of_file(live: Mapping[str, Any], path: Path, parameters: Mapping[str, str], logical_id: str) -> dict[str, Any]:
    """Return the properties that a file asks for; without Name or Tags it leaves the live ones. Raises UsageError."""
    experiment = choose(read_experiments(path, parameters), logical_id)
    known(experiment)
    properties = dict(experiment.properties)
    for key in ("Name", "Tags"):
        if key not in properties and key in live:
            properties[key] = live[key]
    for key in sorted(contract.create_only()):
        refuse_create_only(
            {key: live.get(key)}, {key: properties.get(key)}, f"{experiment.document.name}:{experiment.line((key,))}"
        )
    return properties


def known(experiment: Experiment) -> None:
    """Check an experiment that is to be made or changed now: valid, with nothing that only a deployment knows."""
    holes = [(keys, hole) for keys, hole in experiment.holes.items() if keys[:1] != ("ServiceToken",)]
    if holes:
        keys, hole = holes[0]
        where = "/".join(map(str, keys))
        text = f"{where}: {hole} is known to a deployment only; give its --parameter NAME=VALUE, or write the value"
        raise UsageError(f"{experiment.document.name}:{experiment.line(keys)}: {text}")
    check(experiment)


def check(experiment: Experiment) -> None:
    """Raise UsageError with the first finding."""
    found = findings(experiment)
    if found:
        more = f" (and {len(found) - 1} more: inference-experiment validate shows all)" if len(found) > 1 else ""
        raise UsageError(f"{experiment.document.name}:{experiment.line(found[0].keys)}: {found[0]}{more}")


def refuse_create_only(live: Mapping[str, Any], wanted: Mapping[str, Any], place: str) -> None:
    """Raise UsageError where a property would change that only a new experiment can have."""
    for key in sorted(contract.create_only()):
        if key in live and live.get(key) != wanted.get(key) and (live.get(key) or wanted.get(key)):
            text = f"{key}: {live.get(key)!r} was set at creation, and UpdateInferenceExperiment has no {key}"
            raise UsageError(f"{place}: {text}; create another experiment under a new Name")
        if key not in live and wanted.get(key):
            text = f"{key}: can be set at creation only: UpdateInferenceExperiment has no {key}"
            raise UsageError(f"{place}: {text}; create another experiment under a new Name")
