"""Starts ministack with our additions, in a process of its own.

`python -m inference_experiment_local.ministack.launcher DIR`.

It ends, and takes its Lambda workers and the directory DIR with it, when the pipe on its standard input
breaks: that is how a parent that was killed outright leaves nothing behind, on every system that has pipes. Data that
are to be kept are saved first.
"""

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from inference_experiment_local.clock import seconds_ahead
from inference_experiment_local.ministack.environment import CLOCK_FILE, METRICS_URL
from inference_experiment_local.ministack.persistence import Saver, fail_interrupted_stacks, save
from inference_experiment_local.ministack.routing import Router
from inference_experiment_local.ministack.sagemaker_types import REPLACED_BY, handlers_of
from inference_experiment_local.ministack.worker import prepare
from inference_experiment_local.native import FOREIGN_BUILD


def main() -> None:
    """Run ministack in the foreground; never returns normally."""
    directory = sys.argv.pop(1)
    threading.Thread(target=_end_with_parent, args=(directory,), name="parent-watch", daemon=True).start()
    _extend_ministack()
    from hypercorn.config import Config as HypercornConfig  # noqa: PLC0415 - as the next
    from ministack import app  # type: ignore[import-untyped] # noqa: PLC0415 - takes a third of a second

    saver = Saver()
    urls = os.environ["AWS_ENDPOINT_URL_SAGEMAKER"], os.environ[METRICS_URL]
    app.app = Router(app.app, *urls, _now, saver.note_request)
    HypercornConfig.include_date_header = False  # the router has the date
    if _keeps_data():
        load = app._load_persisted_state  # noqa: SLF001 - no public hook exists

        def load_and_save() -> None:
            load()
            fail_interrupted_stacks()
            saver.start()

        app._load_persisted_state = load_and_save  # noqa: SLF001
    app.main()


def _keeps_data() -> bool:
    return os.environ.get("PERSIST_STATE") == "1"


def _end_with_parent(directory: str) -> None:
    # The descriptor and not the file object: a reader of sys.stdin holds a lock that stops the interpreter's exit.
    while os.read(0, 1024):
        pass
    if _keeps_data():
        save()
    shutil.rmtree(directory, ignore_errors=True)
    # This process leads its own group, in which its Lambda workers are.
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _extend_ministack() -> None:
    """Register the SageMaker types, mend what ministack lacks, keep port 443 free.

    Leans on private names of this version.
    """
    from ministack import app  # noqa: PLC0415 - takes a third of a second
    from ministack.core import lambda_runtime  # type: ignore[import-untyped] # noqa: PLC0415
    from ministack.services import lambda_svc  # type: ignore[import-untyped] # noqa: PLC0415
    from ministack.services.cloudformation import (  # type: ignore[import-untyped] # noqa: PLC0415
        custom_resource,
        handlers,
        provisioners,
    )

    for noun, replaced_by in REPLACED_BY.items():
        kind, name_property = f"AWS::SageMaker::{noun}", f"{noun}Name"
        name = partial(provisioners._physical_name, max_len=63)  # noqa: SLF001 - no public hook exists
        provisioners._RESOURCE_HANDLERS[kind] = dict(handlers_of(noun, name))  # noqa: SLF001
        provisioners._REPLACING_PROPERTIES[kind] = (name_property, *replaced_by)  # noqa: SLF001
        # As in CloudFormation, a resource with a name of its own is not replaced while it keeps that name.
        provisioners._CUSTOM_NAME_REPLACEMENT[kind] = {"name": name_property}  # noqa: SLF001
    url = custom_resource._response_url  # noqa: SLF001
    custom_resource._response_url = lambda token: f"{url(token)}?X-Amz-Date={_stamp()}"  # noqa: SLF001
    describe = handlers._describe_stack_resource  # noqa: SLF001
    handlers._ACTION_HANDLERS["DescribeStackResource"] = lambda query: _resource_in_progress(query) or describe(query)  # noqa: SLF001
    nested = provisioners._RESOURCE_HANDLERS["AWS::CloudFormation::Stack"]  # noqa: SLF001
    nested["delete"] = partial(_delete_nested, nested["delete"])
    alarm = provisioners._cw_metric_alarm_record  # noqa: SLF001
    provisioners._cw_metric_alarm_record = lambda name, properties: alarm(name, _without_math(properties))  # noqa: SLF001
    execute = lambda_svc._execute_function_with_config_scope  # noqa: SLF001
    lambda_svc._execute_function_with_config_scope = partial(_execute, execute)  # noqa: SLF001
    begin = lambda_runtime.Worker.__init__
    first = f"from {prepare.__module__} import prepare\nprepare()\n"
    lambda_runtime._PYTHON_WORKER_SCRIPT = first + lambda_runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001
    lambda_runtime.Worker.__init__ = lambda worker, name, config, code: begin(
        worker, name, _with_variables(config), code
    )
    # With TLS it also takes 127.0.0.1:443 if it can, for Cognito, which is not used here.
    app._port_is_bindable = lambda *_: False  # noqa: SLF001


def _stamp() -> str:
    """Return now as a presigned URL has it; the function compares it with the times of SageMaker."""
    return datetime.fromtimestamp(_now(), UTC).strftime("%Y%m%dT%H%M%SZ")


def _now() -> float:
    """Return epoch seconds by the clock of the local AWS."""
    return time.time() + seconds_ahead(os.environ[CLOCK_FILE])


def _resource_in_progress(query: dict[str, Any]) -> Any:  # noqa: ANN401 - a response of ministack
    """Return the answer of DescribeStackResource from the latest event: ministack shows a resource at its end only."""
    from ministack.services.cloudformation import _stack_events, handlers  # noqa: PLC0415

    stack = handlers._resolve_stack(handlers._p(query, "StackName"))  # noqa: SLF001
    logical_id = handlers._p(query, "LogicalResourceId")  # noqa: SLF001
    all_events = _stack_events.get(stack["StackId"], ()) if stack else ()
    events = [each for each in all_events if each["LogicalResourceId"] == logical_id]
    if not events or not events[-1]["ResourceStatus"].endswith("_IN_PROGRESS"):
        return None
    known = stack.get("_resources", {}).get(logical_id, {})
    members = {
        **{
            key: events[-1][key]
            for key in ("LogicalResourceId", "ResourceType", "ResourceStatus", "StackName", "StackId")
        },
        "PhysicalResourceId": events[-1]["PhysicalResourceId"] or known.get("PhysicalResourceId", ""),
        "LastUpdatedTimestamp": events[-1]["Timestamp"],
    }
    detail = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in members.items())
    result = f"<StackResourceDetail>{detail}</StackResourceDetail>"
    wrapped = f"<DescribeStackResourceResult>{result}</DescribeStackResourceResult>"
    return handlers._xml(200, "DescribeStackResourceResponse", wrapped)  # noqa: SLF001


def _delete_nested(delete: Callable[..., None], physical_id: str, properties: dict[str, Any]) -> None:
    """Delete a nested stack in the status that CloudFormation shows meanwhile."""
    from ministack.services.cloudformation import _stacks, provisioners, stacks  # noqa: PLC0415

    child = _stacks.get(provisioners._nested_stack_lookup_name(physical_id))  # noqa: SLF001
    if child:
        child["StackStatus"] = "DELETE_IN_PROGRESS"
        for record in child.get("_resources", {}).values():
            record.update(ResourceStatus="DELETE_IN_PROGRESS", Timestamp=stacks.now_iso())
    delete(physical_id, properties)


def _execute(execute: Callable[..., Any], function: dict[str, Any], event: dict[str, Any]) -> Any:  # noqa: ANN401 - ministack's
    """Run a function for CloudFormation; one that cannot run here fails its resource at once, with the reason.

    On AWS it can run. Any other failure lets CloudFormation wait for ServiceTimeout, as there.
    """
    from ministack.services.cloudformation import custom_resource  # noqa: PLC0415

    result = execute(function, event)
    # Not in its log, which also tells of extensions that another one has replaced.
    reason = FOREIGN_BUILD.search(str({key: value for key, value in result.items() if key != "log"}))
    if reason is not None and "ResponseURL" in event:
        token = urlsplit(event["ResponseURL"]).path.rpartition("/")[2]
        response = {
            "Status": "FAILED",
            "Reason": f"The function was {reason[0]}",
            "PhysicalResourceId": event.get("PhysicalResourceId") or event["RequestId"],
        }
        custom_resource.deliver_response(token, response)
    return result


def _without_math(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of an alarm on the metric behind its expression: ministack has no metric math."""
    stat = next((each["MetricStat"] for each in properties.get("Metrics", ()) if "MetricStat" in each), None)
    if stat is None:
        return properties
    others = {key: value for key, value in properties.items() if key != "Metrics"}
    return {**others, **stat["Metric"], "Period": stat["Period"], "Statistic": stat["Stat"]}


def _with_variables(config: dict[str, Any]) -> dict[str, Any]:
    """Return a function's configuration with the variables that Lambda derives from LoggingConfig.

    A provider that accepts only the hosts of CloudFormation's responses accepts ministack's too.
    """
    log, own = config.get("LoggingConfig", {}), config.get("Environment", {}).get("Variables", {})
    level = log.get("ApplicationLogLevel", "")
    hosts = {"RESPONSE_HOSTS": own.get("RESPONSE_HOSTS") or "localhost,127.0.0.1"} if "RESPONSE_HOSTS" in own else {}
    variables = {**own, **hosts, "AWS_LAMBDA_LOG_FORMAT": log.get("LogFormat", ""), "AWS_LAMBDA_LOG_LEVEL": level}
    return {**config, "Environment": {"Variables": variables}}


if __name__ == "__main__":
    main()
