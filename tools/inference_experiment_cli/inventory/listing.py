"""The rows and filters of `list`."""

from collections.abc import Mapping
from typing import Any, Final

from inference_experiment.checks import parse_time
from inference_experiment.model import Status
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inventory.describe import DescribedExperiment
from inference_experiment_cli.inventory.properties import full_record, to_jsonable
from inference_experiment_cli.operate.ownership import by_tags

IDENTIFIERS: Final = ("Region", "Name")
TABLE_COLUMNS: Final = (*IDENTIFIERS, "Status", "CreationTime", "LastModifiedTime", "CompletionTime")
SUMMARY_COLUMNS: Final = (*TABLE_COLUMNS, "Type", "RoleArn", "Description", "Schedule", "StatusReason")
FULL_COLUMNS: Final = tuple(full_record({}, {}, "", ""))


def row(experiment: DescribedExperiment, *, full: bool) -> dict[str, Any]:
    """Return an experiment as a row of a list."""
    members = experiment.members
    if full:
        owner = by_tags(str(members["Name"]), experiment.tags)
        return full_record(members, experiment.tags, experiment.region, owner.text if owner else "")
    return {"Region": experiment.region, **{key: to_jsonable(members.get(key)) for key in SUMMARY_COLUMNS[1:]}}


def filters(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ListInferenceExperiments for the options that are set. Raises UsageError."""
    arguments: dict[str, Any] = {key: value for key, value in values.items() if value}
    for key in [key for key in arguments if "Time" in key and key.endswith(("After", "Before"))]:
        moment = parse_time(arguments[key])
        if moment is None:
            text = f"{arguments[key]} is not an ISO 8601 time with a zone; write it as 2030-01-31T08:00:00Z"
            raise UsageError(text)
        arguments[key] = moment
    statuses = [status.value for status in Status if status is not Status.ABSENT]
    if arguments.get("StatusEquals", statuses[0]) not in statuses:
        raise UsageError(f"--status {arguments['StatusEquals']}: choose one of {', '.join(statuses)}")
    return arguments
