"""What a function on the local AWS has logged."""

from inference_experiment_local.cloud import LocalCloud


def function_log(cloud: LocalCloud, function_name: str) -> str:
    """Return one event a line; empty if the function has logged nothing."""
    configuration = cloud.client("lambda").get_function_configuration(FunctionName=function_name)
    group = configuration.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{function_name}"
    logs = cloud.client("logs")
    try:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        # One stream follows another; across them only the time gives the order.
        events = sorted((event for page in pages for event in page["events"]), key=lambda each: each["timestamp"])
        return "\n".join(event["message"].rstrip("\n") for event in events)
    except logs.exceptions.ResourceNotFoundException:
        return ""
