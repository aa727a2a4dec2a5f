"""The operations of the crash matrix: how each is prepared, begun, and what endpoint it leaves.

Statuses last 8 s, the function polls every 5 s and has 13 s: each wait goes through the queue at least once, so
SendMessage is among the calls that fail.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from experiment_properties import properties, shadow

if TYPE_CHECKING:
    from protocol_driver.cloud import ProtocolCloud
    from protocol_driver.stack import Stack

FOREIGN = "somebody-elses"
DAY = 86_400.0


@dataclass(frozen=True)
class Operation:
    """`prepare` brings a stack to where `begin` starts the operation; a `late` one must change nothing at all."""

    name: str
    prepare: Callable[["ProtocolCloud"], "Stack"]
    begin: Callable[["ProtocolCloud", "Stack"], None]
    late: bool = False


def set_up(cloud: "ProtocolCloud") -> None:
    """An empty AWS with two endpoints, of which somebody else's experiment runs on the second."""
    cloud.reset()
    for endpoint in ("endpoint", "other", "third"):
        cloud.sagemaker.add_endpoint(endpoint, "production", "model-1")
    cloud.sagemaker.add_model("model-2")
    cloud.sagemaker.durations.update(dict.fromkeys(cloud.sagemaker.durations, 8.0))
    make_foreign(cloud, FOREIGN, "other")
    cloud.sagemaker.clear_calls()


def make_foreign(cloud: "ProtocolCloud", name: str, endpoint: str) -> None:
    """Somebody else makes an experiment, behind the API and without our tag."""
    request: dict[str, Any] = properties(
        Name=name, EndpointName=endpoint, Tags=[{"Key": "owner", "Value": "else"}], ServiceToken=None
    )
    cloud.sagemaker.perform("CreateInferenceExperiment", request)


def iso(cloud: "ProtocolCloud", offset: float) -> str:
    return datetime.fromtimestamp(int(cloud.clock.now() + offset), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _new(cloud: "ProtocolCloud") -> "Stack":
    return cloud.stack("shop")


def _created(**changes: Any) -> Callable[["ProtocolCloud"], "Stack"]:
    def prepare(cloud: "ProtocolCloud") -> "Stack":
        stack = cloud.stack("shop")
        stack.begin_create(properties(**changes))
        cloud.settle()
        assert stack.status == "CREATE_COMPLETE", stack.answer.reason
        return stack

    return prepare


def _scheduled(cloud: "ProtocolCloud") -> "Stack":
    schedule = {"StartTime": iso(cloud, DAY), "EndTime": iso(cloud, 3 * DAY)}
    return _created(Schedule=schedule)(cloud)


def _ended(**changes: Any) -> Callable[["ProtocolCloud"], "Stack"]:
    def prepare(cloud: "ProtocolCloud") -> "Stack":
        stack = _created(**changes)(cloud)
        stack.begin_update(properties(DesiredState="Completed", **changes))
        cloud.settle()
        assert stack.status == "UPDATE_COMPLETE", stack.answer.reason
        return stack

    return prepare


def _create(**changes: Any) -> Callable[["ProtocolCloud", "Stack"], None]:
    def begin(_: "ProtocolCloud", stack: "Stack") -> None:
        stack.begin_create(properties(**changes))

    return begin


def _update(*, other_fails: bool = False, **changes: Any) -> Callable[["ProtocolCloud", "Stack"], None]:
    def begin(_: "ProtocolCloud", stack: "Stack") -> None:
        stack.begin_update(properties(**changes), other_fails=other_fails)

    return begin


def _start(_: "ProtocolCloud", stack: "Stack") -> None:
    schedule = stack.properties["Schedule"]
    stack.begin_update(properties(Schedule=schedule, DesiredState="Running", Description="early"))


def _create_scheduled_and_start(cloud: "ProtocolCloud", stack: "Stack") -> None:
    stack.begin_create(properties(Schedule={"StartTime": iso(cloud, DAY)}, DesiredState="Running"))


def _create_cancelled_by_sagemaker(cloud: "ProtocolCloud", stack: "Stack") -> None:
    before = cloud.sagemaker.on_call

    def doom(call: Any) -> None:
        if before is not None:
            before(call)
        made = cloud.sagemaker.operations.experiments.get("test")
        if made is not None and made.status == "Creating":
            made.failure = "capacity"

    cloud.sagemaker.on_call = doom
    stack.begin_create(properties())


def _create_overtaken(**changes: Any) -> Callable[["ProtocolCloud", "Stack"], None]:
    def begin(cloud: "ProtocolCloud", stack: "Stack") -> None:
        stack.begin_create(properties(**changes))
        cloud.step()
        if stack.status == "CREATE_IN_PROGRESS":
            stack.fail_other()

    return begin


def _overtaken(*, steps: int = 1, **changes: Any) -> Callable[["ProtocolCloud", "Stack"], None]:
    """Begin an update; after so many deliveries another resource fails, and the stack is rolled back."""

    def begin(cloud: "ProtocolCloud", stack: "Stack") -> None:
        stack.begin_update(properties(**changes))
        for _ in range(steps):
            cloud.step()
        cloud.clock.advance(3.0)
        if stack.status == "UPDATE_IN_PROGRESS":
            stack.fail_other()

    return begin


def _start_overtaken(cloud: "ProtocolCloud", stack: "Stack") -> None:
    _overtaken(Schedule=stack.properties["Schedule"], DesiredState="Running", Description="early")(cloud, stack)


History = Callable[["ProtocolCloud", "Stack"], None]


def _then(*steps: History, first: Callable[["ProtocolCloud"], "Stack"] = _new) -> Callable[["ProtocolCloud"], "Stack"]:
    """Bring a stack through operations, each to its end, with a minute between them."""

    def prepare(cloud: "ProtocolCloud") -> "Stack":
        stack = first(cloud)
        for step in steps:
            step(cloud, stack)
            cloud.settle()
            cloud.drain()
            cloud.clock.advance(60.0)
        return stack

    return prepare


def _redelivered(kind: str, nth: int = 0) -> History:
    """Deliver the event of the nth request of a type once more: Lambda and the queue deliver at least once."""

    def begin(cloud: "ProtocolCloud", stack: "Stack") -> None:
        cloud.deliveries.invoke([each for each in stack.requests if each.type == kind][nth].event)

    return begin


def _removal(_: "ProtocolCloud", stack: "Stack") -> None:
    stack.begin_removal()


def _addition(**changes: Any) -> History:
    def begin(_: "ProtocolCloud", stack: "Stack") -> None:
        stack.begin_addition(properties(**changes))

    return begin


def _name_taken(cloud: "ProtocolCloud") -> "Stack":
    make_foreign(cloud, "test", "third")
    return cloud.stack("shop")


def _delete(_: "ProtocolCloud", stack: "Stack") -> None:
    stack.begin_delete()


EDIT: dict[str, Any] = {
    "Description": "new",
    "ShadowModeConfig": shadow(50),
    "Tags": [{"Key": "stage", "Value": "test"}],
}
PROMOTE: dict[str, Any] = {
    "DesiredState": "Completed",
    "ModelVariantActions": {"production": "Remove", "shadow": "Promote"},
    "Description": "won",
}
OTHER_ROLE = "arn:aws:iam::123456789012:role/another"

OPERATIONS = (
    Operation("create", _new, _create()),
    Operation("create, derived name", _new, _create(Name=None)),
    Operation("create and start", _new, _create_scheduled_and_start),
    Operation("create, cancelled by SageMaker", _new, _create_cancelled_by_sagemaker),
    Operation("create, name taken", _name_taken, _create()),
    Operation("create, overtaken by rollback", _new, _create_overtaken()),
    Operation("create, derived name, overtaken", _new, _create_overtaken(Name=None)),
    Operation("update in place", _created(), _update(**EDIT)),
    Operation("update in place, rolled back", _created(), _update(other_fails=True, **EDIT)),
    Operation("start", _scheduled, _start),
    Operation("stop with promotion", _created(), _update(**PROMOTE)),
    Operation("stop, rolled back", _created(), _update(other_fails=True, DesiredState="Completed")),
    Operation("replacement", _ended(), _update(Name="test-2")),
    Operation("replacement, derived name", _ended(Name=None), _update(Name=None, RoleArn=OTHER_ROLE)),
    Operation("replacement, rolled back", _ended(), _update(other_fails=True, Name="test-2")),
    Operation(
        "replacement, derived name, rolled back",
        _ended(Name=None),
        _update(other_fails=True, Name=None, RoleArn=OTHER_ROLE),
    ),
    Operation("delete", _created(), _delete),
    Operation("edit, overtaken", _created(), _overtaken(**EDIT)),
    Operation("edit, overtaken at once", _created(), _overtaken(steps=0, **EDIT)),
    Operation("start, overtaken", _scheduled, _start_overtaken),
    Operation("promotion, overtaken", _created(), _overtaken(**PROMOTE)),
    Operation("promotion, overtaken at once", _created(), _overtaken(steps=0, **PROMOTE)),
    Operation("stop, overtaken", _created(), _overtaken(DesiredState="Completed")),
    Operation("replacement, overtaken", _ended(), _overtaken(Name="test-2")),
    Operation("replacement, overtaken at once", _ended(), _overtaken(steps=0, Name="test-2")),
    Operation("replacement, derived name, overtaken", _ended(Name=None), _overtaken(Name=None, RoleArn=OTHER_ROLE)),
    Operation("create, late after removal", _then(_create(), _removal), _redelivered("Create"), late=True),
    Operation("create, late after deletion", _then(_create(), _delete), _redelivered("Create"), late=True),
    Operation(
        "create, late after re-creation", _then(_create(), _removal, _addition()), _redelivered("Create"), late=True
    ),
    Operation(
        "update, late after an update",
        _then(_create(), _update(**EDIT), _update(Description="third")),
        _redelivered("Update"),
        late=True,
    ),
    Operation(
        "promotion, late after its rollback",
        _then(_create(), _overtaken(steps=0, **PROMOTE)),
        _redelivered("Update"),
        late=True,
    ),
    Operation(
        "replacement, late after a replacement",
        _then(
            _update(Name="test-2"),
            _update(Name="test-2", DesiredState="Completed"),
            _update(Name="test-3"),
            first=_ended(),
        ),
        _redelivered("Update", 1),
        late=True,
    ),
    Operation(
        "delete, late after re-creation", _then(_create(), _removal, _addition()), _redelivered("Delete"), late=True
    ),
    Operation(
        "delete, derived name, late after re-creation",
        _then(_create(Name=None), _removal, _addition(Name=None)),
        _redelivered("Delete"),
        late=True,
    ),
)
