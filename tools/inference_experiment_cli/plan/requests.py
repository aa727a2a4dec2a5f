"""From files and live experiments to plans: what is there before, and the request that would come."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from inference_experiment import differences, identity, payloads
from inference_experiment.model import ENDED, Observed, RequestType, Status
from inference_experiment.observed_properties import to_properties
from inference_experiment.properties import validate
from inference_experiment_cli.errors import NotPossibleError, UsageError
from inference_experiment_cli.inputs.experiments import Experiment, with_values
from inference_experiment_cli.operate.ownership import (
    CLI_OWNER,
    Requester,
    creator_of,
    earlier_owner_tag,
    manual_request,
)
from inference_experiment_cli.plan.plan import Plan, make_plan
from inference_experiment_cli.plan.simulate import SimulatedGateway, described, now

# What an end is about: of a live experiment only its result can be seen.
ENDINGS: Final = ("ModelVariants", "ModelVariantActions", "PromotionCriteria")
# Properties whose absence from the file is a change that it asks for.
LASTING: Final = ("Description", "KmsKey", "DataStorageConfig")
# What the handlers of the registry type leave to CloudFormation: the waits, and at a creation whose request it is.
NOT_OF_HANDLERS: Final = ("sqs:",)
NOT_OF_CREATE_HANDLER: Final = (*NOT_OF_HANDLERS, "cloudformation:")
Assumable = StrEnum(
    "Assumable", {"CREATED": "Created", "RUNNING": "Running", "COMPLETED": "Completed", "CANCELLED": "Cancelled"}
)


def creation(experiment: Experiment, stack: str) -> Plan:
    """Return the plan of a creation where nothing is, in a stack of some name."""
    filled = with_values(experiment, {})
    requester = Requester(stack or "STACK", experiment.logical_id)
    request = manual_request(RequestType.CREATE, requester, "", filled.properties)
    name = filled.properties.get("Name") or identity.derived_name(request)
    gateway = SimulatedGateway(earlier_owner_tag(request))
    return for_type(make_plan(request, gateway, Observed(name)), experiment, NOT_OF_CREATE_HANDLER)


def against_live(experiment: Experiment, name: str, region: str, profile: str) -> Plan:
    """Return the plan of an update of a live experiment. Raises ExperimentError, UsageError."""
    from inference_experiment_cli.operate.gateway import CliGateway  # noqa: PLC0415 - boto3, a fifth of a second

    gateway = CliGateway(region, profile)
    observed, tags = gateway.describe_existing(name)
    live = to_properties(observed.details, tags)
    properties = dict(with_values(experiment, live).properties)
    maker = creator_of(tags) or Requester(CLI_OWNER, experiment.logical_id)
    old = deployed_properties(properties, live, observed)
    request = manual_request(RequestType.UPDATE, maker, name, properties, old)
    simulated = SimulatedGateway(earlier_owner_tag(request), gateway)
    simulated.add(observed.details, tags)
    return for_type(make_plan(request, simulated, observed), experiment, NOT_OF_HANDLERS)


def for_type(made: Plan, experiment: Experiment, unneeded: tuple[str, ...]) -> Plan:
    """Return a plan with the permissions that the handlers of the experiment's type need."""
    needed = [each for each in made["permissions"] if not each["action"].startswith(unneeded)]
    return {**made, "permissions": needed} if experiment.registered else made


def deployed_properties(properties: Mapping[str, Any], live: Mapping[str, Any], observed: Observed) -> dict[str, Any]:
    """Return the properties that the file had when it was deployed, as far as the live experiment tells.

    What SageMaker has changed by itself, or by a stop or a start that the file asks for, counts as deployed.
    """
    old = {key: value for key, value in live.items() if key not in {"Name", "DesiredState"} or key in properties}
    kept = {tag["Key"] for tag in properties.get("Tags", ())}
    old["Tags"] = [tag for tag in live.get("Tags", ()) if tag["Key"] in kept]
    old["Schedule"] = _schedule(properties.get("Schedule", {}), live.get("Schedule", {}), observed.status)
    if observed.status_reason:
        old["StatusReason"] = observed.status_reason
    state, status = properties.get("DesiredState"), observed.status
    if state == Status.RUNNING and status in ENDED:
        old["DesiredState"] = state
    elif state == status and status in ENDED and _ended_as_wanted(properties, observed):
        old |= {key: properties[key] for key in ENDINGS if key in properties}
    return {key: value for key, value in old.items() if value not in ([], {}) and (key in properties or key in LASTING)}


def _schedule(wanted: Mapping[str, Any], live: Mapping[str, Any], status: Status) -> dict[str, Any]:
    """Return the times that the file had: SageMaker fills in what it leaves out, and moves the start of a test."""
    times = {key: live[key] for key in wanted if key in live}
    begun = status not in {Status.CREATING, Status.CREATED}
    if begun and "StartTime" in times:
        times["StartTime"] = wanted["StartTime"]
    return times


def _ended_as_wanted(properties: Mapping[str, Any], observed: Observed) -> bool:
    """Return whether the variants were removed and kept as the file asks for it."""
    if observed.configuration is None:
        return False
    wanted = payloads.configuration(properties, observed.name, str(properties.get("EndpointName", "")))
    actions = differences.stop_actions(properties.get("ModelVariantActions", {}), observed.configuration, wanted)
    return differences.ended_with(actions, observed.variant_statuses)


def against_file(experiment: Experiment, previous: Experiment, status: Assumable | None) -> Plan:
    """Return the plan of an update from one file to another. Raises UsageError, NotPossibleError."""
    same = previous.declaration.is_in_template and previous.logical_id == experiment.logical_id
    if same and experiment.declaration.is_in_template:
        refuse_other_type(previous, experiment)
    old = with_values(previous, {})
    new = with_values(experiment, {})
    requester = Requester("STACK", experiment.logical_id)
    name = str(old.properties.get("Name") or f"STACK-{experiment.logical_id}-previous")
    request = manual_request(RequestType.UPDATE, requester, name, new.properties, old.properties)
    gateway = SimulatedGateway(earlier_owner_tag(request))
    tags = {tag["Key"]: tag["Value"] for tag in old.properties.get("Tags", ())}
    gateway.add(_described(old.properties, name, _assumed(old.properties, status)), tags)
    made = make_plan(request, gateway, gateway.describe_inference_experiment(name))
    return for_type(made, experiment, NOT_OF_HANDLERS)


def refuse_other_type(old: Experiment, new: Experiment) -> None:
    """Raise NotPossibleError for another type under one logical ID, which CloudFormation refuses."""
    if old.type != new.type:
        change = f"CloudFormation cannot change the type of a resource from {old.type} to {new.type}"
        place = new.document.place(("Resources", new.logical_id, "Type"))
        raise NotPossibleError(f"{change}; inference-experiment convert gives it another logical ID", place)


def _assumed(properties: Mapping[str, Any], status: Assumable | None) -> Status:
    if status:
        return Status(status)
    ended = properties.get("DesiredState")
    return Status(ended) if ended in (Status.COMPLETED, Status.CANCELLED) else Status.RUNNING


def _described(properties: Mapping[str, Any], name: str, status: Status) -> dict[str, Any]:
    """Return what Describe would say of an experiment that was made with these properties."""
    valid, findings = validate(properties)
    if findings:
        raise UsageError(f"--previous: {findings[0]}")
    hidden = ("DesiredState", "ModelVariantActions", "PromotionCriteria")
    begun = {} if status is Status.CREATED else {"StartTime": now()}
    arguments = {key: value for key, value in valid.items() if key not in hidden}
    return {**described(arguments, name, status), "Schedule": {**valid.get("Schedule", {}), **begun}}
