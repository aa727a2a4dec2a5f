from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class ContentTypes(Rule):
    """Why a warning? The API does not say which list wins."""

    id = "W9519"
    shortdesc = "Content type is listed as CSV and as JSON"
    description = (
        "The same header is in CsvContentTypes and in JsonContentTypes, so it is unclear how captured data is stored."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CaptureContentTypeHeader.html"
    tags: ClassVar[list[str]] = ["sagemaker", "capture"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield each JSON header that is a CSV header too."""
        config = experiment.at("DataStorageConfig", "ContentType")
        lists = [config.get(name) if config else None for name in ("CsvContentTypes", "JsonContentTypes")]
        csv, json = ((node.items or []) if node is not None else [] for node in lists)
        headers = {node.literal for node in csv if node.literal}
        for node in json:
            if node.literal in headers:
                yield problem(node, f"{node.literal!r} is in CsvContentTypes too; keep it where it belongs")
