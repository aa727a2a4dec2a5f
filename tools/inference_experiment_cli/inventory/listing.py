"""The filters and rows of `list`."""

from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from inference_experiment.checks import parse_time
from inference_experiment.model import Status
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inventory.describe import DescribedExperiment
from inference_experiment_cli.inventory.properties import full_record, to_jsonable
from inference_experiment_cli.operate.ownership import by_tags

IDENTIFIERS: Final = ("Region", "Name")
TABLE_COLUMNS: Final = (*IDENTIFIERS, "Status", "CreationTime", "LastModifiedTime", "CompletionTime")
LEAST_COLUMNS: Final = (*IDENTIFIERS, "Status")
"""What the narrowest terminal shows of a table."""
SUMMARY_COLUMNS: Final = (*TABLE_COLUMNS, "Type", "RoleArn", "Description", "Schedule", "StatusReason")
FULL_COLUMNS: Final = tuple(full_record({}, {}, "", ""))
# All but Absent, which no experiment that is listed has.
Listed = StrEnum("Listed", {each.name: each.value for each in Status if each != Status.ABSENT})  # type: ignore[misc]
SortBy = StrEnum("SortBy", {"NAME": "Name", "CREATION_TIME": "CreationTime", "STATUS": "Status"})
SortOrder = StrEnum("SortOrder", {"ASCENDING": "Ascending", "DESCENDING": "Descending"})
Moment = Annotated[str, typer.Option(metavar="TIME", help="ISO 8601 with a zone: 2030-01-31T08:00:00Z.")]
# The arguments of ListInferenceExperiments, in the order of the options.
TIMES: Final = ("CreationTimeAfter", "CreationTimeBefore", "LastModifiedTimeAfter", "LastModifiedTimeBefore")
ARGUMENTS: Final = ("NameContains", "StatusEquals", "Type", *TIMES, "SortBy", "SortOrder")


@dataclass(frozen=True)
class Filters:
    """The options that SageMaker applies."""

    name_contains: Annotated[str, typer.Option(help="Part of the name.")] = ""
    status: Annotated[Listed | None, typer.Option(help="Filter by status.")] = None
    kind: Annotated[str, typer.Option("--type", help="Filter by type (currently only ShadowMode).")] = ""
    created_after: Moment = ""
    created_before: Moment = ""
    modified_after: Moment = ""
    modified_before: Moment = ""
    sort_by: Annotated[SortBy | None, typer.Option(help="Order within a region.")] = None
    sort_order: Annotated[SortOrder | None, typer.Option(help="Direction of the order.")] = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of ListInferenceExperiments for the options that are set. Raises UsageError."""
        pairs = zip(ARGUMENTS, astuple(self), strict=True)
        arguments: dict[str, Any] = {key: value for key, value in pairs if value}
        for key in [key for key in TIMES if key in arguments]:
            moment = parse_time(arguments[key])
            if moment is None:
                text = f"{arguments[key]} is not an ISO 8601 time with a zone; write it as 2030-01-31T08:00:00Z"
                raise UsageError(text)
            arguments[key] = moment
        return arguments


def row(experiment: DescribedExperiment, *, full: bool) -> dict[str, Any]:
    """Return an experiment as a row of a list."""
    members = experiment.members
    if full:
        owner = by_tags(str(members["Name"]), experiment.tags)
        return full_record(members, experiment.tags, experiment.region, owner.text if owner else "")
    return {"Region": experiment.region, **{key: to_jsonable(members.get(key)) for key in SUMMARY_COLUMNS[1:]}}
