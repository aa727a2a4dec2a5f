from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class ContentTypes(Rule):
    """Why a warning? SageMaker does not document which of the two applies."""

    id = "W9519"
    shortdesc = "Content type is in both lists"
    description = (
        "CsvContentTypes and JsonContentTypes contain the same header, so the encoding of captured data is undefined."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CaptureContentTypeHeader.html"
    tags = ["sagemaker", "capture"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield each element of JsonContentTypes that is also in CsvContentTypes."""
        config = experiment.at("DataStorageConfig", "ContentType")
        lists = [config.get(name) if config else None for name in ("CsvContentTypes", "JsonContentTypes")]
        csv, json = ((node.items or []) if node is not None else [] for node in lists)
        headers = {node.literal for node in csv if node.literal}
        for node in json:
            if node.literal in headers:
                yield problem(node, f"'{node.literal}' is also in CsvContentTypes; remove it from one of the lists")
