"""From files and live experiments to plans: what is there before, and the request that would come."""

from collections.abc import Mapping
from typing import Any, Final

from inference_experiment import identity
from inference_experiment.model import Observed, RequestType, Status
from inference_experiment.properties import validate
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inputs.experiments import Experiment, with_values
from inference_experiment_cli.inventory.properties import to_properties
from inference_experiment_cli.operate.gateway import CliGateway
from inference_experiment_cli.operate.request import CLI_OWNER, Requester, creator_of, earlier_owner_tag, manual_request
from inference_experiment_cli.plan.plan import Plan, make_plan
from inference_experiment_cli.plan.simulate import RehearsalGateway
from inference_experiment_cli.session import open_session

ACCOUNT: Final = "000000000000"
# What SageMaker fills in, or a stop needs once: their absence from a file is no change that the file asks for.
TRANSIENT: Final = ("DesiredState", "StatusReason")
ASSUMABLE: Final = (Status.CREATED, Status.RUNNING, Status.COMPLETED, Status.CANCELLED)


def creation(experiment: Experiment) -> Plan:
    """Return the plan of a creation where nothing is."""
    filled = with_values(experiment, {})
    request = manual_request(RequestType.CREATE, Requester("STACK", experiment.logical_id), "", filled.properties)
    name = filled.properties.get("Name") or identity.derived_name(request)
    gateway = RehearsalGateway(earlier_owner_tag(request))
    return make_plan(request, gateway, Observed(name))


def against_live(experiment: Experiment, name: str, region: str, profile: str) -> Plan:
    """Return the plan of an update of a live experiment. Raises ExperimentError, UsageError."""
    session = open_session(region, profile)
    gateway = CliGateway()
    observed, tags = gateway.describe_existing(name, session.region_name)
    live = to_properties(observed.details, tags)
    properties = dict(with_values(experiment, live).properties)
    old = {key: value for key, value in live.items() if key not in TRANSIENT or key in properties}
    kept = {tag["Key"] for tag in properties.get("Tags", ())}
    old["Tags"] = [tag for tag in live.get("Tags", ()) if tag["Key"] in kept]
    for key in [key for key in ("Tags", "Name") if not old.get(key) or key not in properties]:
        del old[key]
    maker = creator_of(tags) or Requester(CLI_OWNER, experiment.logical_id)
    request = manual_request(RequestType.UPDATE, maker, name, properties, old)
    rehearsal = RehearsalGateway(earlier_owner_tag(request), gateway)
    rehearsal.know(observed.details, tags)
    return make_plan(request, rehearsal, observed)


def against_file(experiment: Experiment, previous: Experiment, status: str) -> Plan:
    """Return the plan of an update from one file to another. Raises UsageError."""
    old = with_values(previous, {})
    new = with_values(experiment, {})
    requester = Requester("STACK", experiment.logical_id)
    name = str(old.properties.get("Name") or f"STACK-{experiment.logical_id}-previous")
    request = manual_request(RequestType.UPDATE, requester, name, new.properties, old.properties)
    gateway = RehearsalGateway(earlier_owner_tag(request))
    gateway.know(_described(old.properties, name, _assumed(old.properties, status)), _tags(old.properties))
    return make_plan(request, gateway, gateway.describe_inference_experiment(name))


def _assumed(properties: Mapping[str, Any], status: str) -> Status:
    if status:
        if status not in list(ASSUMABLE):
            raise UsageError(f"--status {status}: choose one of {', '.join(ASSUMABLE)}")
        return Status(status)
    ended = properties.get("DesiredState")
    return Status(ended) if ended in (Status.COMPLETED, Status.CANCELLED) else Status.RUNNING


def _described(properties: Mapping[str, Any], name: str, status: Status) -> dict[str, Any]:
    """Return what Describe would say of an experiment that was made with these properties."""
    valid, findings = validate(properties)
    if findings:
        raise UsageError(f"--previous: {findings[0]}")
    hidden = ("EndpointName", "Tags", "DesiredState", "StatusReason", "ModelVariantActions")
    return {
        **{key: value for key, value in valid.items() if key not in hidden},
        "Name": name,
        "Arn": f"arn:aws:sagemaker:region:{ACCOUNT}:inference-experiment/{name}",
        "Status": status.value,
        "EndpointMetadata": {"EndpointName": valid["EndpointName"]},
    }


def _tags(properties: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in properties.get("Tags", ())}
