"""plan --stack: a plan against what is deployed on the local AWS, with template, parameters and names from there."""

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import urllib3
from command_line import Finished, run
from desk import EXAMPLE, ROOT
from werkzeug.wrappers import Request, Response

from cfn_template.forms import FORMS, values_of
from cfn_template.values import Unresolved
from inference_experiment_cli.demo.run import PARAMETERS, PROVIDER_PARAMETERS, PROVIDER_STACK
from inference_experiment_local.errors import StackFailed
from inference_experiment_local.loopback import LoopbackServer
from protocol_driver.controlled import ControlledCloud

CONFIG = """
          InfrastructureConfig:
            InfrastructureType: RealTimeInference
            RealTimeInferenceConfig: {InstanceType: ml.m5.xlarge, InstanceCount: 1}
"""
EXPERIMENT = f"""
    Type: Custom::SageMakerInferenceExperiment
    Properties:
      ServiceToken: !ImportValue inference-experiment-provider-ServiceToken
      Type: ShadowMode
      RoleArn: arn:aws:iam::123456789012:role/x
      EndpointName: the-endpoint
      Description: the-description
      ModelVariants:
        - VariantName: production
          ModelName: model-1{CONFIG}
        - VariantName: shadow
          ModelName: model-2{CONFIG}
      ShadowModeConfig:
        SourceModelVariantName: production
        ShadowModelVariants: [{{ShadowModelVariantName: shadow, SamplingPercentage: !Ref Share}}]
"""
HEAD = """
Transform: [AWS::Serverless-2016-10-31]
Parameters:
  Secret: {Type: String, NoEcho: true, Default: none}
  Share: {Type: Number, Default: 10}
"""
NESTED = "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://s3.amazonaws.com/templates/nested.yaml}}"
FRAUD_3 = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:3"


class Front(LoopbackServer):
    """CloudFormation behind a front that denies some actions and replaces texts in answers."""

    def __init__(self, cloud: ControlledCloud, denied: tuple[str, ...] = (), texts: tuple[str, str] = ("", "")) -> None:
        super().__init__()
        self.cloud, self.denied, self.texts = cloud, denied, texts

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        asked = Request(environ)
        body = asked.get_data(cache=True)
        action = dict(parse_qsl(body.decode()))["Action"]
        if action in self.denied:
            error = f"<Error><Code>AccessDenied</Code><Message>not authorized: {action}</Message></Error>"
            answer = Response(f"<ErrorResponse>{error}</ErrorResponse>", 403, content_type="text/xml")
            return answer(environ, start_response)
        headers = {name: asked.headers[name] for name in ("Authorization", "Content-Type", "X-Amz-Date")}
        http = urllib3.PoolManager(ca_certs=str(self.cloud.certificates.ca_file))
        given = http.request("POST", self.cloud.url, body=body, headers=headers)
        text = given.data.decode()
        text = text.replace(*self.texts) if self.texts[0] else text
        return Response(text, given.status, content_type="text/xml")(environ, start_response)


@pytest.fixture(scope="module")
def cloud() -> Iterator[ControlledCloud]:
    """The provider, and the example as stack `shop`."""
    with ControlledCloud() as running:
        for status in running.sagemaker.durations:
            running.sagemaker.durations[status] = 0.2
        for name in ("endpoint", "endpoint-2"):
            running.sagemaker.add_endpoint(name, "production", "model-1")
        running.sagemaker.add_model("model-2")
        running.client("s3").create_bucket(Bucket="templates")
        body = b"Resources:\n  T: {Type: AWS::SNS::Topic}\nOutputs:\n  Text: {Value: of the nested stack}\n"
        running.client("s3").put_object(Bucket="templates", Key="nested.yaml", Body=body)
        running.deploy(PROVIDER_STACK, ROOT / "template.yaml", PROVIDER_PARAMETERS)
        running.deploy("shop", EXAMPLE, PARAMETERS)
        yield running


@pytest.fixture
def plan(cloud: ControlledCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finished]:
    monkeypatch.chdir(tmp_path)
    shutil.copy(EXAMPLE, "template.yaml")
    settings = {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ENDPOINT_URL_SAGEMAKER": cloud.sagemaker.url,
        "AWS_CA_BUNDLE": str(cloud.certificates.ca_file),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "NO_PROXY": "127.0.0.1",
    }
    return lambda *arguments, **more: run("plan", *arguments, settings={**settings, **more})


def changed(name: str, *pairs: tuple[str, str]) -> str:
    """Write the example with replaced texts; return the file's name."""
    text = EXAMPLE.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    Path(name).write_text(text)
    return name


def small(description: str, endpoint: str = "endpoint", **resources: str) -> str:
    """Return a template with one experiment."""
    others = "".join(f"  {name}: {text}\n" for name, text in resources.items())
    own = EXPERIMENT.replace("the-endpoint", endpoint).replace("the-description", description).strip("\n")
    return f"{HEAD}Resources:\n{others}  Experiment:\n{own}\n"


@pytest.mark.parametrize("file", [(), ("template.yaml",)])
def test_what_is_deployed_needs_nothing(plan: Callable[..., Finished], file: tuple[str, ...]) -> None:
    answer = plan(*file, "--stack", "shop", "--format", "json")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert (answer.data()["experiment"], answer.data()["status"]) == ("shop-fraud-1", "Running")
    assert (answer.data()["verdict"], answer.data()["calls"], answer.data()["properties"]) == ("nothing to do", [], [])


@pytest.mark.parametrize(
    ("options", "code", "verdict", "words"),
    [
        (("SamplingPercentage=50",), 0, "update in place", ""),
        (("Verdict=promote-shadow",), 0, "stop and promote", ""),
        (("Round=2",), 1, "impossible", "still runs experiment shop-fraud-1"),
        ((f"ShadowImage={FRAUD_3}",), 1, "impossible", "ModelVariants cannot change while experiment shop-fraud-1"),
    ],
)
def test_a_redeployment_with_other_parameters(
    plan: Callable[..., Finished], options: tuple[str, ...], code: int, verdict: str, words: str
) -> None:
    """Promise: parameters that are not named keep their deployed values."""
    answer = plan("--stack", "shop", *(f"--parameter={each}" for each in options), "--format", "json")
    assert answer.returncode == code
    assert answer.data()["verdict"] == verdict
    assert words in answer.data()["reason"]


def test_the_plan_is_what_the_deployment_then_does(cloud: ControlledCloud, plan: Callable[..., Finished]) -> None:
    cloud.deploy("shop", EXAMPLE, {**PARAMETERS, "SamplingPercentage": "20"})
    calls = plan("--stack", "shop", "--parameter", "SamplingPercentage=10", "--format", "json").data()["calls"]
    cloud.sagemaker.clear_calls()
    cloud.deploy("shop", EXAMPLE, {**PARAMETERS, "SamplingPercentage": "10"})
    made = [call.operation for call in cloud.sagemaker.calls if not call.operation.startswith(("Describe", "List"))]
    assert [call["operation"] for call in calls] == made == ["UpdateInferenceExperiment"]


def test_a_replaced_resource_gets_another_name(plan: Callable[..., Finished]) -> None:
    answer = plan("--stack", "shop", "--parameter", f"ShadowImage={FRAUD_3}", "--format", "json")
    row = answer.data()["properties"][0]
    assert row["path"] == "ModelVariants/shadow/ModelName"
    assert row["before"].startswith("shop-ShadowModel-")
    assert row["after"] == "!GetAtt ShadowModel.ModelName"
    said = plan("--stack", "shop", "--parameter", f"ShadowImage={FRAUD_3}").stderr
    assert "gets another value, as ShadowModel is replaced: ModelVariants/1/ModelName" in said


def test_a_replaced_resource_with_a_name_of_its_own_has_that_name(plan: Callable[..., Finished]) -> None:
    model = "  ShadowModel:\n    Type: AWS::SageMaker::Model\n    Properties:\n"
    changed("named.yaml", (model, f"{model}      ModelName: !Sub ${{AWS::StackName}}-fraud-3\n"))
    rows = plan("named.yaml", "--stack", "shop", "--format", "json").data()["properties"]
    assert [(row["path"], row["after"]) for row in rows] == [("ModelVariants/shadow/ModelName", "shop-fraud-3")]


def test_parameter_files_and_samconfig(plan: Callable[..., Finished]) -> None:
    Path("samconfig.toml").write_text(
        'version = 0.1\n[prod.deploy.parameters]\nstack_name = "shop"\nregion = "us-east-1"\n'
        'parameter_overrides = "SamplingPercentage=25"\n'
    )
    Path("p.json").write_text(
        json.dumps(
            [
                {"ParameterKey": "SamplingPercentage", "ParameterValue": "25"},
                {"ParameterKey": "ShadowImage", "UsePreviousValue": True},
            ]
        )
    )
    Path("sync.yaml").write_text("template-file-path: template.yaml\nparameters: {SamplingPercentage: 25}\n")
    for file in ("samconfig.toml:prod", "p.json", "sync.yaml"):
        answer = plan("template.yaml", "--stack", "shop", "--parameter-file", file, "--format", "json")
        assert [row["after"] for row in answer.data()["properties"]] in ([25], ["25"]), answer.stderr
    created = plan("template.yaml", "--parameter-file", "samconfig.toml:prod")
    assert created.stdout.startswith("shop-fraud-1 (Absent): create")
    assert "with --stack shop it is compared" in created.stderr
    other = Path("samconfig.toml").read_text().replace('"shop"', '"other"')
    Path("samconfig.toml").write_text(other)
    said = plan("template.yaml", "--stack", "shop", "--parameter-file", "samconfig.toml:prod").stderr
    assert "the parameters are those of stack other" in said


def test_the_name_of_a_stack_to_create_fills_names(plan: Callable[..., Finished]) -> None:
    answer = plan("template.yaml", "--stack-name", "fresh", "--format", "json", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert answer.data()["experiment"] == "fresh-fraud-1"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--stack", "shop", "--parameter", "Sampling=5"), 2, "no such parameter; did you mean SamplingPercentage?"),
        (("--stack", "shop", "--parameter", "SamplingPercentage=500"), 2, '"500" is more than 100'),
        (
            ("--stack", "nowhere"),
            1,
            "no stack nowhere in us-east-1; for the plan of a creation pass --stack-name nowhere",
        ),
        (("--stack", PROVIDER_STACK), 1, f"stack {PROVIDER_STACK} has no experiment"),
        (
            ("template.yaml", "--stack", "shop", "--logical-id", "X"),
            2,
            "has no experiment X; it has Experiment",
        ),
        (("template.yaml", "--stack", "shop", "--current", "x"), 2, "pass --stack or --current, not both"),
        (("t.yaml", "--stack", "a", "--current", "b", "--previous", "c"), 2, "pass one of --stack, --current and"),
        (("template.yaml", "--stack", "shop", "--stack-name", "x"), 2, "leave out --stack-name"),
        (("template.yaml", "--stack-name", "9x"), 2, "--stack-name 9x: is not a stack's name"),
        (("template.yaml", "--stack", "shop", "--status", "created"), 2, "--status is about --previous FILE"),
        (("template.yaml", "--previous-parameter", "A=b"), 2, "--previous-parameter is about --previous FILE"),
        (
            ("template.yaml", "--previous", "template.yaml", "--previous-parameter", "Roud=1"),
            2,
            "--previous-parameter Roud: the template has no such parameter; did you mean Round?",
        ),
        (("--stack", "shop", "--parameter-file", "p.json"), 2, "p.json: --parameter Roun: the template has no such"),
        (("--current", "x"), 2, "missing argument FILE, or --stack NAME"),
        ((), 2, "missing argument FILE, or --stack NAME"),
        (("bare.json", "--stack", "shop"), 2, "bare.json: is not a template; compare properties with --current NAME"),
        (
            ("narrow.yaml", "--stack", "shop"),
            2,
            "that is the deployed value, pass --parameter SamplingPercentage=VALUE",
        ),
        (
            ("native.yaml", "--stack", "shop"),
            1,
            "CloudFormation cannot change the type of a resource",
        ),
        (("token.yaml", "--stack", "shop"), 1, "CloudFormation refuses another one: give the resource another logical"),
        (("broken.yaml", "--stack", "shop"), 1, "Type: 'Shadow' must be one of ShadowMode"),
        (("asks.yaml", "--stack", "shop"), 2, "stack shop has no value for it; pass --parameter Team=VALUE"),
        (("renamed.yaml", "--stack", "shop"), 2, "has 2 experiments: Trial, Experiment; choose one with --logical-id"),
        (("none.yaml", "--stack", PROVIDER_STACK), 1, "has an experiment"),
    ],
)
def test_refusals(plan: Callable[..., Finished], arguments: tuple[str, ...], code: int, words: str) -> None:
    Path("bare.json").write_text("{}")
    Path("p.json").write_text('{"Parameters": {"Roun": 1}}')
    Path("none.yaml").write_text("Resources: {T: {Type: AWS::SNS::Topic}}")
    changed("narrow.yaml", ("MaxValue: 100", "MaxValue: 5"))
    changed("asks.yaml", ("Parameters:\n", "Parameters:\n  Team: {Type: String}\n"))
    changed("native.yaml", ("Custom::SageMaker", "AWS::SageMaker::"))
    changed("broken.yaml", ("Type: ShadowMode", "Type: Shadow"))
    arn = "arn:aws:lambda:us-east-1:123456789012:function:other"
    changed("token.yaml", ("Fn::ImportValue: !Sub ${ProviderStack}-ServiceToken", f'Fn::Sub: "{arn}"'))
    changed(
        "renamed.yaml",
        ("  Experiment:\n", "  Trial:\n"),
        ("!Ref Experiment", "!Ref Trial"),
        ("t Experiment.", "t Trial."),
    )
    answer = plan(*arguments)
    assert answer.returncode == code, answer.stderr
    assert words in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_an_experiment_that_the_file_no_longer_has_is_deleted(plan: Callable[..., Finished]) -> None:
    Path("none.yaml").write_text("Resources: {T: {Type: AWS::SNS::Topic}}")
    answer = plan("none.yaml", "--stack", "shop", "--format", "json")
    assert (answer.returncode, answer.data()["verdict"]) == (0, "stop, then delete")
    assert "none.yaml has no Experiment: CloudFormation deletes it" in answer.stderr


def test_a_condition_that_no_longer_holds_deletes_the_experiment(
    cloud: ControlledCloud, plan: Callable[..., Finished]
) -> None:
    """Unless its DeletionPolicy keeps it; an UpdateReplacePolicy keeps what is replaced."""
    kept = "    Type: Custom::SageMakerInferenceExperiment\n"
    text = small("conditional", "endpoint-3").replace(kept, f"{kept}    Condition: IsOn\n")
    text = text.replace("Resources:", "Conditions: {IsOn: !Not [!Equals [!Ref Share, '0']]}\nResources:")
    cloud.sagemaker.add_endpoint("endpoint-3", "production", "model-1")
    for name, policy, verdict, words in (
        ("deleted", "", "stop, then delete", "the Condition of Experiment does not hold: CloudFormation deletes it"),
        ("kept", "    DeletionPolicy: Retain\n", "nothing to do", "it leaves the stack and stays"),
    ):
        Path(f"{name}.yaml").write_text(text.replace(kept, kept + policy))
        cloud.deploy("conditional", Path(f"{name}.yaml"))
        answer = plan("--stack", "conditional", "--parameter", "Share=0", "--format", "json")
        assert (answer.returncode, answer.data()["verdict"]) == (0, verdict)
        assert words in answer.stderr
    actions: Any = {"production": "Retain", "shadow": "Remove"}
    name = plan("--stack", "conditional", "--format", "json").data()["experiment"]
    cloud.sagemaker.client().stop_inference_experiment(Name=name, ModelVariantActions=actions)
    cloud.sagemaker.wait_for(name, "Completed")
    for policy, calls in (("", ["DeleteInferenceExperiment"]), ("    UpdateReplacePolicy: Retain\n", [])):
        Path("replaced.yaml").write_text(text.replace(kept, kept + policy).replace("role/x", "role/y"))
        answer = plan("replaced.yaml", "--stack", "conditional", "--format", "json")
        assert answer.data()["verdict"] == "replacement"
        assert [call["operation"] for call in answer.data()["afterwards"]] == calls


def test_an_experiment_that_the_file_adds_is_created(plan: Callable[..., Finished]) -> None:
    second = EXPERIMENT.replace("the-endpoint", "endpoint").replace("!Ref Share", "5")
    changed("more.yaml", ("  Endpoint:\n    Type", f"  Second:{second}  Endpoint:\n    Type"))
    answer = plan("more.yaml", "--stack", "shop", "--logical-id", "Second", "--format", "json")
    assert (answer.returncode, answer.data()["verdict"]) == (0, "create")
    assert answer.data()["experiment"].startswith("shop-Second-")


def test_what_was_changed_outside_the_stack_is_said(cloud: ControlledCloud, plan: Callable[..., Finished]) -> None:
    client = cloud.sagemaker.client()
    client.update_inference_experiment(Name="shop-fraud-1", Description="by hand")
    cloud.sagemaker.wait_for("shop-fraud-1", "Running")
    answer = plan("--stack", "shop")
    assert "nothing to do" in answer.stdout
    assert "shop-fraud-1 has drifted from its stack: Description is by hand, the stack has Fraud" in answer.stderr


def test_hidden_and_nested_values(cloud: ControlledCloud, plan: Callable[..., Finished]) -> None:
    """Outputs of nested stacks are read; a NoEcho parameter counts as unchanged; the stack may be named by its ARN."""
    text = small("!Sub '${Nested.Outputs.Text} ${Secret}'", Nested=NESTED)
    Path("sam.yaml").write_text(text)
    Path("other.yaml").write_text(text.replace("Outputs.Text", "Outputs.Other"))
    cloud.deploy("sam", Path("sam.yaml"), {"Secret": "hidden"})
    stack: Any = cloud.client("cloudformation").describe_stacks(StackName="sam")["Stacks"][0]
    answer = plan("sam.yaml", "--stack", stack["StackId"], "--parameter", "Share=60")
    assert "nested stack Nested is not read: pass --stack arn:aws:cloudformation:" in answer.stderr
    assert "assumed unchanged: Description (!Sub of the nested stack ${Secret})" in answer.stderr
    assert answer.stdout.splitlines()[0].endswith("(Running): update in place")
    rows = plan("other.yaml", "--stack", "sam", "--format", "json").data()["properties"]
    assert [(row["before"], row["after"]) for row in rows] == [
        ("of the nested stack hidden", "!Sub ${Nested.Outputs.Other} ${Secret}")
    ]
    with pytest.raises(StackFailed):
        cloud.deploy("bad", Path("sam.yaml"))
    failed = plan("--stack", "bad")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "stack bad is ROLLBACK_COMPLETE; its creation failed; delete it, then deploy it again" in failed.stderr


def test_a_value_of_systems_manager_changes_with_its_name(
    cloud: ControlledCloud, plan: Callable[..., Finished]
) -> None:
    cloud.client("ssm").put_parameter(Name="/text", Value="stored", Type="String")
    cloud.sagemaker.add_endpoint("endpoint-4", "production", "model-1")
    text = small("!Ref Secret", "endpoint-4")
    kind = "{Type: AWS::SSM::Parameter::Value<String>, Default: /text}"
    Path("stored.yaml").write_text(text.replace("{Type: String, NoEcho: true, Default: none}", kind))
    cloud.deploy("stored", Path("stored.yaml"))
    answer = plan("--stack", "stored")
    assert "nothing to do" in answer.stdout
    assert "assumed unchanged: Description (!Ref Secret)" in answer.stderr
    answer = plan("--stack", "stored", "--parameter", "Secret=/other")
    assert "(Running): update in place" in answer.stdout
    assert "gets another value, as it is read from /other: Description (!Ref Secret)" in answer.stderr


def test_nested_stacks_are_named_as_not_read(cloud: ControlledCloud, plan: Callable[..., Finished]) -> None:
    Path("outer.yaml").write_text(f"Resources:\n  Nested: {NESTED}\n")
    cloud.deploy("outer", Path("outer.yaml"))
    said = plan("--stack", "outer").stderr
    assert "stack outer has no experiment; nested stacks are not read: pass --stack arn:aws:cloudformation:" in said


def test_a_transform_is_read_as_it_was_processed(cloud: ControlledCloud, plan: Callable[..., Finished]) -> None:
    """AWS::Include brings a property; the template that CloudFormation has processed says which."""
    cloud.client("s3").put_object(Bucket="templates", Key="more.yaml", Body=b"Description: included\n")
    include = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://templates/more.yaml}}"
    text = small("plain", "endpoint-2").replace("Description: plain", include)
    Path("included.yaml").write_text(text)
    client = cloud.client("cloudformation")
    client.create_stack(StackName="included", TemplateBody=text, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    until = time.monotonic() + 60
    while client.describe_stacks(StackName="included")["Stacks"][0]["StackStatus"] == "CREATE_IN_PROGRESS":
        assert time.monotonic() < until
        time.sleep(0.1)
    for file in ((), ("included.yaml",)):
        rows = plan(*file, "--stack", "included", "--parameter", "Share=11", "--format", "json").data()["properties"]
        assert [row["after"] for row in rows] in ([11], ["11"])
    live = cloud.sagemaker.client().list_inference_experiments(NameContains="included")["InferenceExperiments"]
    assert [each["Description"] for each in live] == ["included"]


def test_what_cannot_be_read_is_said(cloud: ControlledCloud, plan: Callable[..., Finished]) -> None:
    """Imports and outputs only fill values: without them the plan goes on. The template is the plan's subject."""
    with Front(cloud, ("ListExports",)) as front:
        answer = plan(
            "--stack", "shop", "--parameter", "SamplingPercentage=50", AWS_ENDPOINT_URL_CLOUDFORMATION=front.url
        )
    assert (answer.returncode, "update in place" in answer.stdout) == (0, True)
    assert "imports are assumed unchanged: ListExports: not authorized: ListExports (AccessDenied)" in answer.stderr
    for denied in ("DescribeStacks", "GetTemplate", "ListStackResources"):
        with Front(cloud, (denied,)) as front:
            answer = plan("--stack", "shop", AWS_ENDPOINT_URL_CLOUDFORMATION=front.url)
        assert answer.returncode == 4
        assert f"{denied}: not authorized: {denied} (AccessDenied)" in answer.stderr


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        ("UPDATE_IN_PROGRESS", 0, "stack shop is UPDATE_IN_PROGRESS; the plan is for what is deployed now"),
        ("UPDATE_ROLLBACK_COMPLETE", 0, ""),
        ("UPDATE_ROLLBACK_FAILED", 1, "stack shop is UPDATE_ROLLBACK_FAILED; continue its rollback first"),
        ("DELETE_IN_PROGRESS", 1, "stack shop is DELETE_IN_PROGRESS; it cannot be updated"),
        ("REVIEW_IN_PROGRESS", 1, "stack shop is not deployed yet; for the plan of a creation pass --stack-name shop"),
    ],
)
def test_the_status_of_the_stack(
    cloud: ControlledCloud, plan: Callable[..., Finished], status: str, code: int, words: str
) -> None:
    described: Any = cloud.client("cloudformation").describe_stacks(StackName="shop")["Stacks"][0]
    tags = tuple(f"<StackStatus>{each}</StackStatus>" for each in (described["StackStatus"], status))
    with Front(cloud, texts=(tags[0], tags[1])) as front:
        answer = plan("--stack", "shop", AWS_ENDPOINT_URL_CLOUDFORMATION=front.url)
    assert answer.returncode == code, answer.stderr
    assert words in answer.stderr


def test_without_cloudformation_there_is_no_plan(plan: Callable[..., Finished]) -> None:
    answer = plan("--stack", "shop", AWS_ENDPOINT_URL_CLOUDFORMATION="http://127.0.0.1:9")
    assert answer.returncode == 4
    assert "Could not connect" in answer.stderr


def test_an_experiment_that_is_gone(cloud: ControlledCloud, plan: Callable[..., Finished]) -> None:
    """Last, since the stack has nothing more to plan for."""
    client = cloud.sagemaker.client()
    actions: Any = {"production": "Retain", "shadow": "Remove"}
    client.stop_inference_experiment(Name="shop-fraud-1", ModelVariantActions=actions)
    cloud.sagemaker.wait_for("shop-fraud-1", "Completed")
    client.delete_inference_experiment(Name="shop-fraud-1")
    answer = plan("--stack", "shop", "--parameter", "SamplingPercentage=50")
    assert answer.returncode == 1
    assert "was deleted outside CloudFormation" in answer.stdout
    assert "experiment shop-fraud-1 is gone, though the stack has it" in answer.stderr


PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}


@pytest.mark.parametrize(
    ("kind", "physical_id", "attribute", "value"),
    [
        ("AWS::IAM::Role", "role", "Arn", "arn:aws:iam::123456789012:role/role"),
        ("AWS::S3::Bucket", "bucket", "Arn", "arn:aws:s3:::bucket"),
        (
            "AWS::SageMaker::Model",
            "arn:aws:sagemaker:us-east-1:123456789012:model/shop-model",
            "ModelName",
            "shop-model",
        ),
        ("AWS::SageMaker::Endpoint", "shop-endpoint", "EndpointName", "shop-endpoint"),
    ],
)
def test_attributes_follow_from_the_physical_id(kind: str, physical_id: str, attribute: str, value: str) -> None:
    found = dict(values_of("X", kind, physical_id, PSEUDO))
    assert found[Unresolved("Ref", "X")] == physical_id
    assert found[Unresolved("Fn::GetAtt", f"X.{attribute}")] == value
    assert {one.argument for one in found if one.function == "Fn::GetAtt"} == {
        f"X.{name}" for each, name in FORMS if each == kind and name != "Ref"
    }


def test_of_a_physical_id_in_another_form_only_ref_is_known() -> None:
    queue = "https://sqs.us-east-1.amazonaws.com/123456789012/queue"
    assert dict(values_of("X", "AWS::SQS::Queue", queue, PSEUDO)) == {Unresolved("Ref", "X"): queue}
    assert dict(values_of("X", "AWS::SNS::Topic", "t", PSEUDO)) == {Unresolved("Ref", "X"): "t"}
    role = dict(values_of("X", "AWS::IAM::Role", "r", PSEUDO, None))
    assert Unresolved("Fn::GetAtt", "X.Arn") not in role
