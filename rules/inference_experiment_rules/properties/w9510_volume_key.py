from collections.abc import Iterator
from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule, problem
from inference_experiment_rules.properties._instance_types import LOCAL_STORAGE_FAMILIES, family_of
from shadow_test_policies.experiment import Experiment


class VolumeKey(Rule):
    """Why a warning? The refusal is documented for endpoint configurations, not for experiments."""

    id = "W9510"
    shortdesc = "KmsKey with instances that have local storage"
    description = (
        "KmsKey encrypts the storage volume of the instances. Nitro instances with local NVMe storage encrypt it "
        "in hardware, and CreateEndpointConfig refuses a key for them."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html"
    tags: ClassVar[list[str]] = ["sagemaker", "instance-type", "kms"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield one problem at KmsKey, naming the first instance type that does not go with it."""
        key = experiment.at("KmsKey")
        if key is None or not key.text:
            return
        for node in experiment.instance_types:
            if family_of(node.literal or "") in LOCAL_STORAGE_FAMILIES:
                message = f"KmsKey does not go with {node.literal}, whose local storage has its own key; remove KmsKey"
                yield problem(key, f"{message} or choose an instance type without local storage")
                return
