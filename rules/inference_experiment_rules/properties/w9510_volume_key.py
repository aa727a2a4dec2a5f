from inference_experiment_rules._base import Problems, Rule, problem
from inference_experiment_rules.properties._instance_types import LOCAL_STORAGE_FAMILIES
from shadow_test_policies.experiment import Experiment
from shadow_test_policies.instance_types import family_of


class VolumeKey(Rule):
    """Why a warning? The restriction is documented for endpoint configurations, not for experiments."""

    id = "W9510"
    shortdesc = "KmsKey with an instance type that has local storage"
    description = (
        "KmsKey encrypts the storage volume of the instances. Nitro instances with local NVMe storage encrypt it in "
        "hardware, and CreateEndpointConfig rejects a key for them."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html"
    tags = ["sagemaker", "instance-type", "kms"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield one problem at KmsKey, naming the first instance type with local storage."""
        key = experiment.at("KmsKey")
        if key is None or not key.text:
            return
        for node in experiment.instance_types:
            if family_of(node.literal or "") in LOCAL_STORAGE_FAMILIES:
                message = f"KmsKey cannot be used with {node.literal}, whose local storage is encrypted in hardware"
                yield problem(key, f"{message}; remove KmsKey or choose an instance type without local storage")
                return
