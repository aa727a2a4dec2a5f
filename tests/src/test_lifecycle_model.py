"""Random histories of two stacks against the real handler, in simulated time.

hypothesis draws stack operations, rollbacks during flight, redeliveries of any earlier request, removals and
re-creations, duplicates, early and stale waits, skips of the clock, changes that somebody
makes by hand, and faults; after every step the invariants of stack_invariants.py hold. LIFECYCLE_EXAMPLES sets
the number of histories (each of 30 steps), LIFECYCLE_SEED repeats a run; a failure prints the seed.
"""

import contextlib
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from experiment_properties import properties, shadow
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from stack_invariants import (
    OWNER_TAG,
    WITH_RESOURCE,
    Handled,
    differences,
    experiments,
    orphan_breaches,
    owned,
    queue_breaches,
    response_breaches,
)

from inference_experiment_local.errors import ServiceError

if TYPE_CHECKING:
    from inference_experiment_local.service import Call
    from protocol_driver.cloud import ProtocolCloud
    from protocol_driver.stack import Stack

STEPS = 30
DAY = 86_400.0
STACKS = ("shop", "depot")
# CloudFormation writes statuses between two requests of a resource, and within two seconds nothing tells them apart
# (docs/decisions/0014-currentness.md).
SECONDS_APART = 3.0
ARN_PREFIX = "arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/"
MUTATING = tuple(f"{verb}InferenceExperiment" for verb in ("Create", "Update", "Start", "Stop", "Delete"))
READING = ("DescribeInferenceExperiment", "ListTags", "ListInferenceExperiments")
COMPANION = ("SendMessage", "DescribeStacks")
# None of these is retried by botocore, whose pauses would be real; the provider treats the last as passing. Only
# with that one can a call have had its effect all the same.
PASSING = "ServiceUnavailableException"
CODES = ("ConflictException", "AccessDeniedException", PASSING)

names = st.sampled_from(["test", "test", "test-2", None])
KEEP = "keep"
EDITS: list[dict[str, Any]] = [
    {"Description": "one"},
    {"Description": "two"},
    {"ShadowModeConfig": shadow(20)},
    {"ShadowModeConfig": shadow(50)},
    {"Tags": None},
    {"Tags": [{"Key": "team", "Value": "risk"}]},
    {"Tags": [{"Key": "stage", "Value": "test"}]},
    {"RoleArn": "arn:aws:iam::123456789012:role/another"},
    {"EndpointName": "other"},
    {"ModelVariantActions": {"production": "Remove", "shadow": "Promote"}},
    {"ServiceTimeout": 300},
    {"Schedule": {"StartTime": "2090-01-01T00:00:00Z"}},
]
changes = st.lists(st.sampled_from(EDITS), max_size=2).map(
    lambda edits: {key: edit[key] for edit in edits for key in edit}
)


@dataclass
class Watch:
    """What the model knows of one stack's operation; `quiet` while nothing interfered with it."""

    stack: "Stack"
    quiet: bool = True
    first: int = 0
    before: dict[str, Any] = field(default_factory=dict)
    judged: bool = True


class Lifecycle(RuleBasedStateMachine):
    """Two stacks, the provider, and everybody who interferes."""

    cloud: ClassVar["ProtocolCloud"]

    def __init__(self) -> None:
        super().__init__()
        self.watches: dict[str, Watch] = {}
        self.problems: list[str] = []
        self.tags: dict[str, dict[str, str]] = {}
        self.handled: Handled | None = None

    @initialize(
        duration=st.sampled_from([4.0, 15.0]),
        staleness=st.sampled_from([0.0, 8.0]),
        timeout=st.sampled_from([20.0, 300.0]),
        existing=st.sampled_from([None, "test", "derived"]),
        schedule=st.sampled_from([None, {"StartTime": "2090-01-01T00:00:00Z"}]),
    )
    def begin(
        self, duration: float, staleness: float, timeout: float, existing: str | None, schedule: dict[str, str] | None
    ) -> None:
        """Two endpoints, two stacks, and in most histories an experiment of the first stack."""
        cloud = self.cloud
        cloud.reset()
        for endpoint in ("endpoint", "other"):
            cloud.sagemaker.add_endpoint(endpoint, "production", "model-1")
        cloud.sagemaker.add_model("model-2")
        cloud.sagemaker.durations.update(dict.fromkeys(cloud.sagemaker.durations, duration))
        operations = cloud.sagemaker.operations
        operations.staleness = operations.deletion_lag = staleness
        cloud.function.timeout = timeout
        cloud.sagemaker.on_call = self.observe_call
        self.handled = Handled(cloud)
        self.watches = {name: Watch(self.stack(name)) for name in STACKS}
        if existing:
            wanted = properties(Name=None if existing == "derived" else existing, Schedule=schedule)
            self.watches["shop"].stack.begin_create(wanted)
            self.go_on()

    # Stack operations

    @rule(
        name=st.sampled_from(STACKS),
        named=names,
        state=st.sampled_from([None, None, None, "Running", "Completed"]),
        changed=changes,
        how=st.sampled_from(["at once", "at once", "in steps", "other fails"]),
    )
    def create(self, name: str, named: str | None, state: str | None, changed: Any, how: str) -> None:
        """Create the resource of a stack that has none."""
        watch = self.watches[name]
        if watch.stack.in_progress or watch.stack.physical_id or watch.stack.status in WITH_RESOURCE:
            return
        if watch.stack.requests:
            watch.stack = self.stack(name)
        self.start(watch)
        wanted = properties(Name=named, DesiredState=state, **changed)
        watch.stack.begin_create(wanted, other_fails=how == "other fails")
        if how == "at once":
            self.go_on()

    @precondition(lambda self: any(updatable(watch.stack) for watch in self.watches.values()))
    @rule(
        named=st.sampled_from([KEEP, KEEP, KEEP, "test", "test-2", None]),
        state=st.sampled_from([KEEP, KEEP, None, "Running", "Completed", "Cancelled"]),
        changed=changes,
        how=st.sampled_from(["at once", "at once", "in steps", "other fails", "other fails, no way back"]),
    )
    def update(self, named: str | None, state: str | None, changed: Any, how: str) -> None:
        """Update a stack that has a resource."""
        watch = next(watch for watch in self.watches.values() if updatable(watch.stack))
        self.start(watch)
        kept = watch.stack.properties
        wanted = {**kept, **changed}
        for key, value in (("Name", named), ("DesiredState", state)):
            wanted[key] = kept.get(key) if value == KEEP else value
        with contextlib.suppress(ValueError):  # nothing changes, so CloudFormation does nothing
            watch.stack.begin_update(
                wanted, other_fails=how.startswith("other fails"), rollback_asks=not how.endswith("back")
            )
        if how == "at once":
            self.go_on()

    @rule(name=st.sampled_from(STACKS), at_once=st.booleans())
    def delete_or_repeat(self, name: str, *, at_once: bool) -> None:
        """Delete a stack, or go on with a rollback that has failed."""
        watch = self.watches[name]
        if watch.stack.in_progress or not watch.stack.physical_id:
            return
        self.start(watch)
        if watch.stack.status == "UPDATE_ROLLBACK_FAILED":
            watch.stack.begin_continue_rollback()
        else:
            watch.stack.begin_delete()
        if at_once:
            self.go_on()

    @rule(name=st.sampled_from(STACKS), named=names, changed=changes, how=st.sampled_from(["done", "steps", "fails"]))
    def remove_or_add(self, name: str, named: str | None, changed: Any, how: str) -> None:
        """The template of a stack loses the resource, or has it again, perhaps under the same Name."""
        watch = self.watches[name]
        if watch.stack.in_progress or watch.stack.status not in WITH_RESOURCE:
            return
        self.start(watch)
        if watch.stack.physical_id:
            watch.stack.begin_removal()
        else:
            watch.stack.begin_addition(properties(Name=named, **changed), other_fails=how == "fails")
        if how == "done":
            self.go_on()

    @rule(name=st.sampled_from(STACKS), index=st.integers(0, 5), late=st.sampled_from([0.0, 20.0, 200.0]))
    def redeliver(self, name: str, index: int, late: float) -> None:
        """Lambda delivers an earlier event once more, after the stack has gone on."""
        stack = self.watches[name].stack
        if index < len(stack.requests):
            self.disturb()
            self.cloud.deliveries.invoke(stack.requests[-1 - index].event, late)

    @precondition(lambda self: any(cancellable(watch.stack) for watch in self.watches.values()))
    @rule()
    def fail_other(self) -> None:
        """Another resource of a stack fails while ours is under way."""
        watch = next(watch for watch in self.watches.values() if cancellable(watch.stack))
        watch.judged = True
        watch.stack.fail_other()

    # Time and deliveries

    @precondition(lambda self: self.busy())
    @rule(count=st.sampled_from([1, 1, 2, 4, 1000]))
    def step(self, count: int) -> None:
        """What is due next is delivered; the last means until the stacks are done."""
        for _ in range(count):
            if not self.busy() or not self.one_step():
                return

    @rule(what=st.sampled_from(["late", "again", "early", "days"]), name=st.sampled_from(STACKS))
    def deliver(self, what: str, name: str) -> None:
        """Deliveries are late, doubled or early; or days pass in which nothing happens."""
        {"late": self.be_late, "again": self.duplicate, "early": self.early_wait, "days": self.skip_days}[what](name)

    def be_late(self, _: str) -> None:
        """Everything is late, but not so late that CloudFormation stops waiting."""
        waiting = [stack.waiting for stack in self.cloud.stacks if stack.waiting]
        if all(self.cloud.clock.now() + 135.0 < (each.sent + each.expires) / 2 for each in waiting):
            self.cloud.clock.advance(45.0)

    def skip_days(self, _: str) -> None:
        """Schedules end."""
        if not self.busy():
            self.drain()
            self.cloud.clock.advance(8 * DAY)
            self.remember()

    def duplicate(self, name: str) -> None:
        """Lambda delivers the latest event twice."""
        stack = self.watches[name].stack
        if stack.requests:
            self.cloud.deliveries.invoke(stack.requests[-1].event)
            self.one_step()

    def early_wait(self, _: str) -> None:
        """A message is delivered before its time, and then once more."""
        message = self.cloud.queue.next()
        if message is not None:
            self.cloud.deliveries.deliver_message(message, keep=message.receives == 0)
            self.after()

    # What others do

    @rule(
        name=st.sampled_from(["test", "test-2", "derived"]),
        what=st.sampled_from(["stop", "delete", "recreate", "describe", "tag", "untag", "disown", "capacity"]),
    )
    def by_hand(self, name: str, what: str) -> None:
        """Somebody changes an experiment outside CloudFormation, or SageMaker cancels it."""
        found = experiments(self.cloud)
        if name == "derived":
            name = next((each for each in found if each.startswith(STACKS)), name)
        if name not in found:
            return
        self.disturb()
        with contextlib.suppress(ServiceError, ValueError):
            self.change_by_hand(name, what)
        self.remember()

    def change_by_hand(self, name: str, what: str) -> None:
        """Do it behind the recorded API. Raises ServiceError where the status forbids it."""
        perform, arn = self.cloud.sagemaker.perform, ARN_PREFIX + name
        if what == "capacity":
            self.cloud.sagemaker.end_in_cancelled(name, "no capacity")
        elif what == "stop":
            actions = {"production": "Retain", "shadow": "Remove"}
            perform("StopInferenceExperiment", {"Name": name, "ModelVariantActions": actions})
        elif what in {"delete", "recreate"}:
            perform("DeleteInferenceExperiment", {"Name": name})
        elif what == "describe":
            perform("UpdateInferenceExperiment", {"Name": name, "Description": "by hand"})
        elif what == "tag":
            tags = [{"Key": "team", "Value": "hand"}, {"Key": "cost", "Value": "1"}]
            perform("AddTags", {"ResourceArn": arn, "Tags": tags})
        else:
            perform("DeleteTags", {"ResourceArn": arn, "TagKeys": ["team" if what == "untag" else OWNER_TAG]})
        if what == "recreate":
            request: dict[str, Any] = properties(Name=name, ServiceToken=None, Tags=[{"Key": "owner", "Value": "hand"}])
            perform("CreateInferenceExperiment", request)

    @rule(
        operation=st.sampled_from([*MUTATING, *READING, *COMPANION, "PUT"]),
        code=st.sampled_from(CODES),
        times=st.integers(1, 7),
        after=st.booleans(),
    )
    def fault(self, operation: str, code: str, times: int, *, after: bool) -> None:
        """A call of the provider fails, or its reply is lost; the PUT may fail in several deliveries."""
        self.disturb()
        lost = after and code == PASSING
        if operation == "PUT":
            self.cloud.bucket.answer_next(503, times)
        elif operation in COMPANION:
            self.cloud.services.fail_next(operation, PASSING, after_effect=after)
        else:
            self.cloud.sagemaker.fail_next(operation, code, after_effect=lost and operation in MUTATING)

    # What must hold

    @invariant()
    def holds(self) -> None:
        if self.problems:
            text = "\n".join(
                [*self.problems, *(line for stack in self.cloud.stacks for line in history(self.cloud, stack))]
            )
            pytest.fail(text, pytrace=False)

    def teardown(self) -> None:
        """Everything ends, AWS is well again, what failed is repeated; then every stack is deleted."""
        if not self.watches:
            return
        self.check_end()
        for watch in self.watches.values():
            if watch.stack.status == "UPDATE_ROLLBACK_FAILED":
                watch.stack.begin_continue_rollback()
                self.check_end()
            if watch.stack.physical_id:
                watch.stack.begin_delete()
                self.check_end()
                if watch.stack.status != "DELETE_COMPLETE":
                    self.problems.append(f"{watch.stack.status} at the end: {watch.stack.answer.reason}")
        self.holds()

    def check_end(self) -> None:
        self.go_on()
        self.drain()
        self.cloud.sagemaker._faults.clear()
        self.cloud.services.reset()
        self.cloud.bucket._faults.clear()
        for watch in self.watches.values():
            self.problems += end_problems(self.cloud, watch)
        self.problems += queue_breaches(self.cloud)
        if self.handled is not None:
            self.problems += self.handled.stale_breaches()
        self.holds()

    def busy(self) -> bool:
        return any(watch.stack.in_progress for watch in self.watches.values())

    # How

    def stack(self, name: str) -> "Stack":
        stack = self.cloud.stack(name)
        stack.seconds_apart = SECONDS_APART
        return stack

    def start(self, watch: Watch) -> None:
        pending = self.cloud.sagemaker._faults or self.cloud.services._faults or self.cloud.bucket._faults
        watch.quiet, watch.judged = not pending, False
        watch.first = len(watch.stack.requests)
        watch.before = snapshot(self.cloud, watch.stack)
        self.remember()

    def go_on(self) -> None:
        for _ in range(1000):
            if not any(watch.stack.in_progress for watch in self.watches.values()) or not self.one_step():
                return

    def drain(self) -> None:
        for _ in range(1000):
            if not self.one_step():
                return
        self.problems.append("the deliveries never end")

    def one_step(self) -> bool:
        stepped = self.cloud.step()
        self.after()
        return stepped

    def after(self) -> None:
        self.cloud.notice()
        for watch in self.watches.values():
            self.judge(watch)
            self.problems += response_breaches_so_far(self.cloud, watch)

    def judge(self, watch: Watch) -> None:
        """Check an operation once, when its first request has been answered."""
        stack = watch.stack
        if watch.judged or len(stack.requests) <= watch.first or stack.requests[watch.first].answer is None:
            return
        request = stack.requests[watch.first]
        watch.judged = True
        if not watch.quiet or request.answer is None:
            return
        if (
            request.answer.success
            and request.type != "Delete"
            and stack.status.endswith(("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"))
        ):
            self.problems += [f"{request.type} succeeded but {text}" for text in differences(self.cloud, stack)]
        if request.type == "Update" and not request.answer.success and snapshot(self.cloud, stack) != watch.before:
            self.problems.append(
                f"a failed Update changed {watch.before} to {snapshot(self.cloud, stack)}: {request.answer.reason}"
            )

    def disturb(self) -> None:
        for watch in self.watches.values():
            watch.quiet = False

    def remember(self) -> None:
        self.tags = {name: dict(each.tags) for name, each in experiments(self.cloud).items()}

    def observe_call(self, call: "Call") -> None:
        """Note a mutation of an experiment that is not of the resource whose request is being handled."""
        target = call.parameters.get("Name") or call.parameters.get("ResourceArn", "").rpartition("/")[2]
        stack = next(
            (
                each
                for each in self.cloud.stacks
                if any(one.request_id == self.cloud.deliveries.handling for one in each.requests)
            ),
            None,
        )
        reads = call.operation.startswith(("Describe", "List", "Create"))
        if not reads and stack is not None and target in self.tags:
            owner = f"{stack.stack_id.rpartition('/')[2]}/{stack.logical_id}/"
            if not self.tags[target].get(OWNER_TAG, "").startswith(owner):
                self.problems.append(f"{call.operation} of {target}, which is not of {stack.name}: {self.tags[target]}")
        self.remember()


def history(cloud: "ProtocolCloud", stack: "Stack") -> Iterator[str]:
    """Yield what happened to a stack, for the report of a failure; times are seconds since its first request."""
    yield f"{stack.name}: {stack.status}, {stack.physical_id}"
    first = stack.requests[0].sent if stack.requests else 0.0
    lines = []
    for number, request in enumerate(stack.requests):
        members = {key: request.event.get(key) for key in ("PhysicalResourceId", "ResourceProperties")}
        lines.append((request.sent, f"#{number} {request.type} {members}"))
        for arrival in cloud.bucket.arrivals(request.request_id):
            body = arrival.body
            text = f"#{number} answered {body['Status']} {body['PhysicalResourceId']} {body['Reason']}"
            lines.append((arrival.time, text))
    lines += [
        (call.time, f"{call.operation} {call.parameters.get('Name')} {call.error}")
        for call in cloud.sagemaker.calls
        if not call.operation.startswith(("Describe", "List"))
    ]
    yield from (f"  {time - first:7.0f} {text}" for time, text in sorted(lines))


def snapshot(cloud: "ProtocolCloud", stack: "Stack") -> dict[str, Any]:
    found = experiments(cloud)
    return {name: (found[name].request, dict(found[name].tags)) for name in owned(cloud, stack)}


def response_breaches_so_far(cloud: "ProtocolCloud", watch: Watch) -> list[str]:
    """Return wrong ids, and contradictions that CloudFormation could have read.

    What a duplicate says later may differ when CloudFormation has moved on, or somebody has changed the experiment.
    """
    found = list(response_breaches(cloud, watch.stack))
    read = watch.stack.requests[max(watch.first, len(watch.stack.requests) - 1) :] if watch.quiet else []
    labels = tuple(f"{each.type} #{watch.stack.requests.index(each)} got contradictory" for each in read)
    return [text for text in found if "the id changed" in text or text.startswith(labels)]


def cancellable(stack: "Stack") -> bool:
    return stack.in_progress and stack.status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}


def updatable(stack: "Stack") -> bool:
    return not stack.in_progress and stack.status in WITH_RESOURCE and stack.physical_id is not None


def end_problems(cloud: "ProtocolCloud", watch: Watch) -> list[str]:
    found = [text for text in response_breaches(cloud, watch.stack) if "contradictory" not in text]
    # What others deleted or disowned is missing through no fault of ours; what failed is repeated later.
    if owned(cloud, watch.stack) - {watch.stack.physical_id} and not watch.stack.status.endswith("_FAILED"):
        found += orphan_breaches(cloud, watch.stack)
    return found


@pytest.mark.no_cover  # what chance reaches does not count
@pytest.mark.timeout(3600)  # hundreds of histories, if asked for
def test_lifecycle_model(protocol_cloud: "ProtocolCloud") -> None:
    number = int(os.environ.get("LIFECYCLE_SEED", random.randrange(2**32)))
    Lifecycle.cloud = protocol_cloud
    wanted = settings(
        max_examples=int(os.environ.get("LIFECYCLE_EXAMPLES", 3 * settings().max_examples // 10)),
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(number)(Lifecycle), settings=wanted)
    except BaseException as failure:
        failure.add_note(f"repeat with LIFECYCLE_SEED={number}")
        raise
