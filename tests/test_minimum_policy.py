"""The minimal policy is enough for the whole life of an experiment, and nothing in it can be left out.

Every call that the provider makes on the local AWS is recorded with its resource and tags, turned into what IAM is
asked for it, and replayed through our evaluator and through ministack's, which nobody here wrote.
"""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from experiment_properties import ROLE_ARN, properties, shadow
from ministack.core import iam_evaluator

import iam_policy
from cfn_template.documents import parse
from iam_policy import Policies, decide, read_node
from inference_experiment import contract
from inference_experiment.predictions import Figures, Origin, seal
from inference_experiment_local.sagemaker.metrics import Behaviour
from protocol_driver.cloud import ProtocolCloud
from protocol_driver.controlled import ControlledMetrics
from shadow_test_policies.generate import as_json, generate
from shadow_test_policies.requirements import Deployment, provider_requirements

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
ACCOUNT, REGION = "123456789012", "us-east-1"
PLACE = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:wait"
DEAD_LETTERS = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead-letters"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/provider"
RESULT = "s3://results/shop/test.json"
CRITERIA = {"MaxErrorRate": "0.5%", "MinAgreement": "99%", "PredictionResult": RESULT}
PROMOTION = {"production": "Remove", "shadow": "Promote"}
PASSED = {"iam:PassedToService": "sagemaker.amazonaws.com"}


@dataclass(frozen=True)
class Asked:
    """What IAM is asked in one step of the life of an experiment."""

    step: str
    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()


@dataclass
class Record:
    """What is asked in all steps, each question once; `operations` are the API operations behind them."""

    asked: dict[Asked, None] = field(default_factory=dict)
    operations: set[str] = field(default_factory=set)

    def take(self, step: str, cloud: ProtocolCloud, metrics: ControlledMetrics) -> None:
        """Note what has been called since the last step."""
        for call in cloud.sagemaker.calls:
            self.operations.add(call.operation)
            self._take_sagemaker(step, call.operation, call.parameters)
        for service_call in cloud.services.calls:
            self.operations.add(service_call.operation)
            self._take_companion(step, service_call.operation, service_call.parameters)
        if metrics.calls:
            self.operations.add("GetMetricData")
            self.add(step, "cloudwatch:GetMetricData", "*")
        cloud.sagemaker.clear_calls()
        cloud.services.clear_calls()
        metrics.clear_calls()

    def add(self, step: str, action: str, resource: str, **more: tuple[tuple[str, str], ...]) -> None:
        """Note one question."""
        self.asked.setdefault(Asked(step, action, resource, **more))

    def _take_sagemaker(self, step: str, operation: str, parameters: Any) -> None:
        tags = tuple((tag["Key"], tag["Value"]) for tag in parameters.get("Tags", ()))
        name = parameters.get("Name", "")
        resource = parameters.get("ResourceArn") or f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:inference-experiment/{name}"
        if operation == "ListInferenceExperiments":
            resource = "*"
        self.add(step, f"sagemaker:{operation}", resource, tags=tags)
        if operation == "CreateInferenceExperiment":
            assert tags
            self.add(step, "sagemaker:AddTags", resource, tags=tags)
            self.add(step, "iam:PassRole", parameters["RoleArn"], context=tuple(PASSED.items()))

    def _take_companion(self, step: str, operation: str, parameters: dict[str, Any]) -> None:
        if operation == "GetObject":
            self.add(step, "s3:GetObject", f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}")
        elif operation == "SendMessage":
            assert parameters["QueueUrl"].endswith(f"/{ACCOUNT}/wait")
            self.add(step, "sqs:SendMessage", QUEUE)
        else:
            assert operation in {"DescribeStacks", "DescribeStackResource"}
            self.add(step, f"cloudformation:{operation}", parameters["StackName"])


@pytest.fixture
def metrics(cloud: ProtocolCloud) -> Iterator[ControlledMetrics]:
    """CloudWatch beside the protocol driver."""
    with ControlledMetrics() as running:
        running.behaviours["endpoint", "production"] = Behaviour()
        running.behaviours["endpoint", "shadow"] = Behaviour(requests_per_minute=60)
        environment = cloud.function.environment
        environment["AWS_ENDPOINT_URL_CLOUDWATCH"] = running.url
        cloud.function.cold_start()  # type: ignore[union-attr]
        yield running
        del environment["AWS_ENDPOINT_URL_CLOUDWATCH"]
        cloud.function.cold_start()  # type: ignore[union-attr]


@pytest.fixture
def record(cloud: ProtocolCloud, metrics: ControlledMetrics) -> Record:
    """The whole life: every handler, every operation, and what Lambda does as the function's role."""
    record = Record()
    stack = cloud.stack("shop")
    cloud.sagemaker.durations["Creating"] = 90
    cloud.function.timeout = 20.0

    def carry_out(step: str, begin: Callable[..., None], *arguments: Any, **options: Any) -> None:
        begin(*arguments, **options)
        cloud.settle()
        record.take(step, cloud, metrics)

    later = {"Schedule": {"StartTime": "2090-01-01T00:00:00Z", "EndTime": "2090-01-05T00:00:00Z"}}
    carry_out("create", stack.begin_create, properties(**later))
    tags = [{"Key": "stage", "Value": "test"}]
    carry_out("update", stack.begin_update, properties(**later, Description="new", Tags=tags))
    carry_out("start", stack.begin_update, properties(Description="new", Tags=tags, DesiredState="Running"))
    assert stack.status == "UPDATE_COMPLETE"
    cloud.clock.advance(3600)
    cloud.services.objects[RESULT] = _published(cloud)
    promotion = {"ModelVariantActions": PROMOTION, "ShadowModeConfig": shadow()}
    ended = properties(Description="new", Tags=tags, DesiredState="Completed", PromotionCriteria=CRITERIA, **promotion)
    carry_out("promote", stack.begin_update, ended)
    assert stack.status == "UPDATE_COMPLETE"
    carry_out("delete", stack.begin_delete)
    assert stack.status == "DELETE_COMPLETE"
    _without_a_name(cloud, carry_out)
    for action in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage"):
        record.add("Lambda reads the queue", f"sqs:{action}", QUEUE)
    record.add("Lambda gives a request up", "sqs:SendMessage", DEAD_LETTERS)
    for action in ("CreateLogStream", "PutLogEvents"):
        record.add("Lambda writes the log", f"logs:{action}", f"{LOGS}:log-stream:2026/11/22/[$LATEST]0123")
    return record


def _published(cloud: ProtocolCloud) -> str:
    described = cloud.sagemaker.client().describe_inference_experiment(Name="test")
    origin = Origin(described["Arn"], described["CreationTime"].timestamp(), "production", "shadow")
    made = f"{datetime.fromtimestamp(cloud.clock.now(), UTC):%Y-%m-%dT%H:%M:%SZ}"
    return seal(origin, Figures("classification", 500, 500, 500), made, "s3://captured").decode()


def _without_a_name(cloud: ProtocolCloud, carry_out: Callable[..., None]) -> None:
    """An experiment whose name is derived: replaced, and found again in a rollback."""
    for name in ("endpoint-2", "endpoint-3"):
        cloud.sagemaker.add_endpoint(name, "production", "model-1")
    other = cloud.stack("depot")
    own = {"Name": None, "EndpointName": "endpoint-2"}
    carry_out("create without a name", other.begin_create, properties(**own))
    changed = properties(Name=None, EndpointName="endpoint-3")
    carry_out("roll back", other.begin_update, changed, other_fails=True)
    carry_out("delete without a name", other.begin_delete)


def ours(document: dict[str, Any], asked: Asked) -> bool:
    context: dict[str, Any] = dict(asked.context)
    context |= {f"aws:RequestTag/{key}": value for key, value in asked.tags}
    request = iam_policy.Request(asked.action, asked.resource, context)
    return decide(Policies((read_node(document),)), request).allowed


def ministacks(document: dict[str, Any], asked: Asked) -> bool:
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/provider/function",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=asked.action,
        resource_arn=asked.resource,
        region=REGION,
        request_tags=dict(asked.tags),
        tag_keys=[key for key, _ in asked.tags],
        service_context={key.lower(): value for key, value in asked.context},
    )
    parsed = iam_evaluator.parse_policy_document(json.dumps(document))
    return iam_evaluator.evaluate(context, [parsed]).decision == "Allow"


EVALUATORS = [ours, ministacks]


def minimum() -> dict[str, Any]:
    place = Deployment(
        "aws",
        REGION,
        ACCOUNT,
        experiment_role=ROLE_ARN,
        queue=QUEUE,
        dead_letter_queue=DEAD_LETTERS,
        log_group=f"{LOGS}:*",
        prediction_result=RESULT,
    )
    return as_json(generate(provider_requirements(place), place))


def refused(document: dict[str, Any], record: Record, allows: Callable[[dict[str, Any], Asked], bool]) -> list[Asked]:
    return [asked for asked in record.asked if not allows(document, asked)]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def lessened(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the policy without one statement, one action or one resource."""
    for index, statement in enumerate(document["Statement"]):
        less = copy.deepcopy(document)
        del less["Statement"][index]
        yield f"statement {index}", less
        for element in ("Action", "Resource"):
            values = listed(statement[element])
            for value in values if len(values) > 1 else ():
                less = copy.deepcopy(document)
                less["Statement"][index][element] = [one for one in values if one != value]
                yield f"{element} {value}", less


@pytest.mark.parametrize("allows", EVALUATORS)
def test_the_minimum_is_enough_and_nothing_can_be_left_out(
    record: Record, allows: Callable[[dict[str, Any], Asked], bool]
) -> None:
    document = minimum()
    assert record.operations == set(contract.operations())
    assert refused(document, record, allows) == []

    for removed, less in lessened(document):
        steps = {asked.step for asked in refused(less, record, allows)}
        assert steps, f"without {removed} every step goes on as before"


@pytest.mark.parametrize("allows", EVALUATORS)
@pytest.mark.parametrize(("removed", "calls"), [("", 0), ("cloudformation:DescribeStackResource", 1)])
def test_a_request_that_has_timed_out_does_not_promote_where_the_resource_can_be_asked(
    cloud: ProtocolCloud, allows: Callable[[dict[str, Any], Asked], bool], removed: str, calls: int
) -> None:
    """Promise: the recommended permission makes this difference, while the stack still says UPDATE_IN_PROGRESS."""
    document = next((less for name, less in lessened(minimum()) if name == f"Action {removed}"), minimum())
    stack = cloud.stack("shop")
    stack.begin_create(properties())
    cloud.settle()
    stack.begin_update(properties(DesiredState="Completed", ModelVariantActions=PROMOTION))
    cloud.clock.advance(60)
    assert stack.resource
    stack.resource = replace(stack.resource, status="UPDATE_FAILED", updated=cloud.clock.now())
    for operation in ("DescribeStacks", "DescribeStackResource"):
        if not allows(document, Asked("promote", f"cloudformation:{operation}", stack.stack_id)):
            cloud.services.fail_next(operation, "AccessDenied", status_code=403)
    cloud.deliveries.deliver_next()

    assert stack.status == "UPDATE_IN_PROGRESS"
    assert len(cloud.sagemaker.calls_of("StopInferenceExperiment")) == calls


@pytest.mark.parametrize("allows", EVALUATORS)
def test_the_role_is_passed_to_no_other_service(
    record: Record, allows: Callable[[dict[str, Any], Asked], bool]
) -> None:
    for service in ("lambda.amazonaws.com", "ec2.amazonaws.com"):
        other = Asked("another service", "iam:PassRole", ROLE_ARN, (("iam:PassedToService", service),))
        assert not allows(minimum(), other)
    assert not allows(minimum(), Asked("another role", "iam:PassRole", ROLE_ARN + "-2", tuple(PASSED.items())))


def template_policy() -> dict[str, Any]:
    """The policies of the role in template.yaml, deployed with its defaults and a place for results."""
    template = parse(TEMPLATE.read_text())
    parameters = {name: str(one.get("Default", "")) for name, one in template["Parameters"].items()}
    parameters["PredictionResults"] = "results/shop/*"
    arns = {"WaitQueue.Arn": QUEUE, "DeadLetterQueue.Arn": DEAD_LETTERS, "ProviderLogGroup.Arn": f"{LOGS}:*"}

    def deployed(node: Any) -> Any:
        if isinstance(node, dict) and "Fn::GetAtt" in node:
            return arns[".".join(node["Fn::GetAtt"])]
        if isinstance(node, dict) and "Fn::Sub" in node:
            text = node["Fn::Sub"]
            for name, value in {**PLACE, **parameters}.items():
                text = text.replace("${" + name + "}", value)
            return text
        if isinstance(node, dict) and "Fn::If" in node:
            return deployed(node["Fn::If"][1])
        if isinstance(node, dict):
            return {key: deployed(value) for key, value in node.items()}
        return [deployed(value) for value in node] if isinstance(node, list) else node

    policies = template["Resources"]["ProviderRole"]["Properties"]["Policies"]
    statements = [statement for policy in policies for statement in deployed(policy)["PolicyDocument"]["Statement"]]
    return {"Version": "2012-10-17", "Statement": yaml.safe_load(json.dumps(statements))}


@pytest.mark.parametrize("allows", EVALUATORS)
def test_the_role_of_the_template_is_enough_and_has_no_more(
    record: Record, allows: Callable[[dict[str, Any], Asked], bool]
) -> None:
    document = template_policy()
    assert refused(document, record, allows) == []
    for removed, less in lessened(document):
        assert refused(less, record, allows), f"template.yaml does not need {removed}"
