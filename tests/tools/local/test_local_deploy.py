"""inference-experiment local deploy: what sam build and sam deploy do, and what is said when it does not work."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import assert_one_line
from local_aws import IMAGE, LocalAws

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
PROVIDER = "inference-experiment-provider"
CODE = "def handler(event, context):\n    return event\n"
FUNCTION = """
  Function:
    Type: AWS::Lambda::Function
    Properties: {Code: %s, Handler: app.handler, Runtime: python3.13, Role: arn:aws:iam::123456789012:role/function}
"""


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    local = LocalAws(tmp_path_factory.mktemp("deploy") / "state")
    local.ok("start")
    yield local
    local.ok("stop")


def test_the_provider_and_a_test(local: LocalAws) -> None:
    """Without any setting of the provider; parameters that are not given stay; criteria are judged by the metrics."""
    outputs = {
        each["output"]: each["value"]
        for each in local.ok("deploy", PROVIDER, str(ROOT / "template.yaml"), "--format", "json").data()
    }
    assert outputs["ServiceToken"].startswith("arn:aws:lambda:")
    example = str(ROOT / "examples" / "shadow-test.yaml")
    images = ["--parameter", f"ProductionImage={IMAGE}", "--parameter", f"ShadowImage={IMAGE}"]
    assert "Running" in local.ok("deploy", "shop", example, *images).stdout
    local.ok("deploy", "shop", example, "--parameter", "SamplingPercentage=50")
    [experiment] = local.command("list", "--format", "json").data()
    config = local.client("sagemaker").describe_inference_experiment(Name=experiment["Name"])["ShadowModeConfig"]
    assert config["ShadowModelVariants"][0]["SamplingPercentage"] == 50

    local.ok("advance", "2h")
    ended = local.ok("deploy", "shop", example, "--parameter", "Verdict=promote-shadow").stdout
    assert "Completed" in ended
    local.ok("delete", "shop")
    assert local.command("list", "--format", "json").data() == []
    local.ok("delete", PROVIDER)


@pytest.mark.parametrize(("shadow", "is_promoted"), [("90", False), ("40", True)])
def test_criteria_of_a_template_are_judged(local: LocalAws, tmp_path: Path, shadow: str, *, is_promoted: bool) -> None:
    local.ok("deploy", PROVIDER, str(ROOT / "template.yaml"))
    name = f"criteria-{shadow}"
    local.seed(name, shadow={"LOCAL_AWS_LATENCY_MS": shadow})
    assert local.command("stop", name, "--yes").returncode == 0
    template = tmp_path / "criteria.yaml"
    text = (ROOT / "examples" / "promotion.yaml").read_text()
    begin = "      ModelVariantActions:\n"
    template.write_text(text.replace(begin, f"      PromotionCriteria: {{MaxLatencyIncrease: 10%}}\n{begin}"))
    values = {
        "EndpointName": name,
        "ProductionModelName": f"{name}-1",
        "ShadowModelName": f"{name}-2",
        "ExperimentRoleArn": "arn:aws:iam::123456789012:role/experiment",
    }
    given = [word for key, value in values.items() for word in ("--parameter", f"{key}={value}")]
    local.ok("deploy", f"{name}-stack", str(template), *given)
    local.ok("advance", "3h")

    finished = local.run("deploy", f"{name}-stack", str(template), "--parameter", "Verdict=promote-shadow")

    if is_promoted:
        assert finished.returncode == 0, finished.stderr
    else:
        assert_one_line(finished, 1, "UPDATE_ROLLBACK_COMPLETE", "does not meet PromotionCriteria", "ModelLatency")
    local.ok("delete", f"{name}-stack")


def test_code_layers_and_nested_templates_are_packaged(local: LocalAws, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(CODE)
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("app.py", CODE)
    (tmp_path / "inner.yaml").write_text(
        "Resources:" + FUNCTION % "code.zip" + "Outputs: {Name: {Value: !Ref Function}}\n"
    )
    template = tmp_path / "outer.yaml"
    template.write_text(
        "Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {CodeUri: code}}\nResources:"
        + FUNCTION % "code"
        + "  Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner.yaml}}\n"
        "  Sam: {Type: AWS::Serverless::Function, Properties: {Handler: app.handler, Runtime: python3.13}}\n"
        "Outputs: {Inner: {Value: !GetAtt Inner.Outputs.Name}, Outer: {Value: !Ref Function}, Sam: {Value: !Ref Sam}}\n"
    )

    outputs = local.ok("deploy", "nested", str(template), "--format", "json").data()

    functions = local.client("lambda")
    assert {each["output"] for each in outputs} == {"Inner", "Outer", "Sam"}
    for each in outputs:
        answer = functions.invoke(FunctionName=each["value"], Payload=b'{"a": 1}')
        assert answer["Payload"].read() == b'{"a": 1}'
    local.ok("delete", "nested")


def test_a_template_that_is_too_long_for_a_request(local: LocalAws, tmp_path: Path) -> None:
    template = tmp_path / "long.yaml"
    topics = "".join(
        f"  Topic{number}: {{Type: AWS::SNS::Topic, Metadata: {{a: {'x' * 5000}}}}}\n" for number in range(12)
    )
    template.write_text("Resources:\n" + topics)
    local.ok("deploy", "long", str(template))
    local.ok("delete", "long")


def test_code_for_another_processor_is_told_and_fails_with_the_reason(local: LocalAws, tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "fast").mkdir(parents=True)
    (code / "fast" / "__init__.py").touch()
    (code / "fast" / "core.cpython-39-s390x-linux-gnu.so").touch()
    (code / "app.py").write_text("import fast.core\n" + CODE)
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources:"
        + FUNCTION % "code"
        + "  Thing: {Type: Custom::Thing, Properties: {ServiceToken: !GetAtt Function.Arn, ServiceTimeout: 600}}\n"
    )

    finished = local.run("deploy", "foreign", str(template))

    reported, failed = finished.stderr.splitlines()
    reason = "built for Python 3.9 on s390x (fast/core.cpython-39-s390x-linux-gnu.so), but the local AWS runs"
    assert reported.startswith(f"Function: {reason}")
    assert failed.startswith(
        "inference-experiment: stack foreign is in ROLLBACK_COMPLETE: Thing: The function was " + reason
    )
    assert finished.returncode == 1
    local.ok("delete", "foreign")


def test_mistakes_are_one_line(local: LocalAws, tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        "Parameters: {Name: {Type: String}}\n"
        "Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Name}}}\n"
    )
    broken = tmp_path / "broken.yaml"
    broken.write_text("Resources: [\n")
    odd = tmp_path / "odd.yaml"
    odd.write_text("Resources: {Topic: 3}\n")
    for arguments, code, words in (
        (["nowhere.yaml"], 2, ["nowhere.yaml: no such file"]),
        ([str(broken)], 2, [f"{broken}:2: "]),
        ([str(template), "--parameter", "Nmae=a"], 2, ["Nmae", "Name"]),
        ([str(template), "--parameter", "Name"], 2, ["NAME=VALUE"]),
        ([str(odd)], 2, ["Resources/Topic: is not a resource with a Type"]),
        ([str(template)], 1, ["stack topic cannot be deployed", "Name"]),
    ):
        assert_one_line(local.run("deploy", "topic", *arguments), code, *words)


def test_without_a_local_aws(tmp_path: Path) -> None:
    nowhere = LocalAws(tmp_path / "state")
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {Topic: {Type: AWS::SNS::Topic}}\n")
    assert_one_line(nowhere.run("deploy", "a", str(template)), 1, "no local AWS runs with", "local start")
    assert_one_line(nowhere.run("delete", "a"), 1, "no local AWS runs with")
