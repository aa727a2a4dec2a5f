"""An experiment as a record of all that Describe and ListTags return. Pure."""

from collections.abc import Mapping
from typing import Any

from inference_experiment.observed_properties import CONFIGURATION, SHADOW, TIMES, tag_list, to_jsonable, to_properties


def full_record(details: Mapping[str, Any], tags: Mapping[str, str], region: str, owner: str) -> dict[str, Any]:
    """Return all that is known of an experiment, with the same keys for each; what is missing is None."""
    endpoint = dict.fromkeys(("EndpointName", "EndpointConfigName", "EndpointStatus", "FailureReason"))
    properties = to_properties(details, tags)
    return {
        "Name": details.get("Name"),
        "Status": details.get("Status"),
        "StatusReason": details.get("StatusReason"),
        **{key: properties.get(key) for key in (*CONFIGURATION[1:-1], *SHADOW)},
        "ModelVariants": [to_jsonable(dict(variant)) for variant in details.get("ModelVariants") or ()],
        "DesiredState": properties.get("DesiredState"),
        "EndpointMetadata": {**endpoint, **(details.get("EndpointMetadata") or {})},
        **{key: to_jsonable(details.get(key)) for key in TIMES},
        "Tags": tag_list(tags),
        "Owner": owner,
        "Arn": details.get("Arn"),
        "Region": region,
    }
