"""The filters and rows of `list`."""

from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from inference_experiment.model import Status
from inference_experiment.observed_properties import to_jsonable
from inference_experiment_cli.inputs.times import moment, option_moment
from inference_experiment_cli.inventory.describe import DescribedExperiment
from inference_experiment_cli.inventory.properties import full_record
from inference_experiment_cli.operate.ownership import by_tags
from inference_experiment_cli.options import choice

IDENTIFIERS: Final = ("Region", "Name")
TABLE_COLUMNS: Final = (*IDENTIFIERS, "Status", "CreationTime", "LastModifiedTime", "CompletionTime")
LEAST_COLUMNS: Final = (*IDENTIFIERS, "Status")
"""What the narrowest terminal shows of a table."""
SUMMARY_COLUMNS: Final = (*TABLE_COLUMNS, "Type", "RoleArn", "Description", "Schedule", "StatusReason")
FULL_COLUMNS: Final = tuple(full_record({}, {}, "", ""))
ListedStatus = StrEnum(  # type: ignore[misc] # mypy wants the members written out
    "ListedStatus", {each.name: each.value for each in Status if each is not Status.ABSENT}
)
Type = StrEnum("Type", {"SHADOW_MODE": "ShadowMode"})
SortBy = StrEnum("SortBy", {"NAME": "Name", "CREATION_TIME": "CreationTime", "STATUS": "Status"})
SortOrder = StrEnum("SortOrder", {"ASCENDING": "Ascending", "DESCENDING": "Descending"})
# The arguments of ListInferenceExperiments, in the order of the options.
TIMES: Final = {
    "CreationTimeAfter": "--created-after",
    "CreationTimeBefore": "--created-before",
    "LastModifiedTimeAfter": "--modified-after",
    "LastModifiedTimeBefore": "--modified-before",
}
ARGUMENTS: Final = ("NameContains", "StatusEquals", "Type", *TIMES, "SortBy", "SortOrder")


@dataclass(frozen=True)
class Filters:
    """The options that SageMaker applies."""

    name_contains: Annotated[str, typer.Option(help="Part of the name.")] = ""
    status: Annotated[ListedStatus | None, choice(ListedStatus, "STATUS", "Status of the experiment.")] = None
    kind: Annotated[Type | None, choice(Type, "TYPE", "Filter by type.", "--type")] = None
    created_after: Annotated[str | None, moment("Created after a time:")] = None
    created_before: Annotated[str | None, moment("Created before a time:")] = None
    modified_after: Annotated[str | None, moment("Last modified after a time:")] = None
    modified_before: Annotated[str | None, moment("Last modified before a time:")] = None
    sort_by: Annotated[SortBy | None, choice(SortBy, "MEMBER", "Order within a region.")] = None
    sort_order: Annotated[SortOrder | None, choice(SortOrder, "ORDER", "Direction of the order.")] = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of ListInferenceExperiments for the options that are set. Raises UsageError."""
        pairs = zip(ARGUMENTS, astuple(self), strict=True)
        arguments: dict[str, Any] = {
            key: value for key, value in pairs if value or (key in TIMES and value is not None)
        }
        for key, option in TIMES.items():
            if key in arguments:
                arguments[key] = option_moment(arguments[key], option)
        return arguments


def row(experiment: DescribedExperiment, *, full: bool) -> dict[str, Any]:
    """Return an experiment as a row of a list."""
    members = experiment.members
    if full:
        owner = by_tags(str(members["Name"]), experiment.tags)
        return full_record(members, experiment.tags, experiment.region, owner.text if owner else "")
    return {"Region": experiment.region, **{key: to_jsonable(members.get(key)) for key in SUMMARY_COLUMNS[1:]}}
