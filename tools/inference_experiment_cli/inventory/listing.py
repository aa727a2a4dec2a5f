"""ListInferenceExperiments with its filters, over any number of regions at once."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from inference_experiment.model import Status
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inventory.describe import DESCRIPTIONS_AT_ONCE, PAGE, Experiment, Inventory, describe
from inference_experiment_cli.inventory.properties import everything, text_of
from inference_experiment_cli.operate.ownership import by_tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient

SUMMARY: Final = (
    "Region",
    "Name",
    "Status",
    "CreationTime",
    "LastModifiedTime",
    "CompletionTime",
    "Type",
    "RoleArn",
    "Description",
    "Schedule",
    "StatusReason",
)
SHOWN: Final = SUMMARY[:6]
IDENTIFIERS: Final = ("Region", "Name")


@dataclass
class Listing(Inventory):
    """The experiments that pass the API's filters; `full` describes each, else the summary is what List tells."""

    filters: Mapping[str, Any] = field(default_factory=dict)

    def _experiments(self, region: str, client: "SageMakerClient") -> Iterator[Experiment]:
        pages = client.get_paginator("list_inference_experiments").paginate(
            PaginationConfig={"PageSize": PAGE}, **self.filters
        )
        with ThreadPoolExecutor(DESCRIPTIONS_AT_ONCE) as pool:
            for page in pages:
                summaries = page.get("InferenceExperiments", [])
                if not self.full:
                    yield from (Experiment(region, dict(summary)) for summary in summaries)
                    continue
                names = [summary["Name"] for summary in summaries]
                found = pool.map(lambda name: describe(client, region, name), names)
                yield from (experiment for experiment in found if experiment is not None)


def row(experiment: Experiment, *, full: bool) -> dict[str, Any]:
    """Return an experiment as a row of a list."""
    if full:
        name = str(experiment.members["Name"])
        owner = by_tags(name, experiment.tags)
        return everything(experiment.members, experiment.tags, experiment.region, owner.text if owner else "")
    return {"Region": experiment.region, **{key: text_of(experiment.members.get(key)) for key in SUMMARY[1:]}}


def filters(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ListInferenceExperiments for what was given. Raises UsageError."""
    from inference_experiment.checks import parse_time  # noqa: PLC0415

    made: dict[str, Any] = {key: value for key, value in values.items() if value}
    for key in [key for key in made if "Time" in key and key.endswith(("After", "Before"))]:
        moment = parse_time(made[key])
        if moment is None:
            raise UsageError(f"{made[key]!r} is not an ISO 8601 time with a zone; write it as 2030-01-31T08:00:00Z")
        made[key] = moment
    statuses = [status.value for status in Status if status is not Status.ABSENT]
    if made.get("StatusEquals", statuses[0]) not in statuses:
        raise UsageError(f"--status {made['StatusEquals']}: choose one of {', '.join(statuses)}")
    return made
