"""The unmodified template.yaml and the example stack on the local AWS, through a shadow test's whole life.

Real: CloudFormation, Lambda, SQS, IAM (ministack), crhelper, boto3, the function as packaged. Simulated: SageMaker.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from function_log import function_log
from log_audit import AUDIT

from inference_experiment import contract
from inference_experiment.predictions import Figures, Origin, seal
from inference_experiment_cli.demo.run import PARAMETERS, PROVIDER_PARAMETERS, PROVIDER_STACK
from inference_experiment_local.errors import StackFailed
from protocol_driver.controlled import ControlledCloud

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "shadow-test.yaml"


@pytest.fixture(scope="module")
def cloud() -> Iterator[ControlledCloud]:
    with ControlledCloud() as running:
        for status in running.sagemaker.durations:
            running.sagemaker.durations[status] = 0.4
        yield running


@pytest.fixture(scope="module")
def provider(cloud: ControlledCloud) -> dict[str, str]:
    return cloud.deploy(PROVIDER_STACK, ROOT / "template.yaml", PROVIDER_PARAMETERS)


def deploy(cloud: ControlledCloud, **changes: str) -> dict[str, str]:
    cloud.sagemaker.clear_calls()
    return cloud.deploy("shop", EXAMPLE, {**PARAMETERS, **changes})


def mutations(cloud: ControlledCloud) -> list[str]:
    operations = [call.operation for call in cloud.sagemaker.calls if call.operation.endswith("InferenceExperiment")]
    return [name.removesuffix("InferenceExperiment") for name in operations if not name.startswith("Describe")]


def events(cloud: ControlledCloud) -> list[tuple[str, str]]:
    found = [event for event in cloud.stack_events("shop") if event["LogicalResourceId"] == "Experiment"]
    return [(event["ResourceStatus"], event.get("ResourceStatusReason", "")) for event in found]


@pytest.mark.usefixtures("provider")
class TestLife:
    """One stack, step by step; each test goes on from the one before."""

    def test_create_runs_the_experiment_and_gives_its_attributes(self, cloud: ControlledCloud) -> None:
        outputs = deploy(cloud)
        assert mutations(cloud) == ["Create"]
        assert outputs["ExperimentName"] == "shop-fraud-1"
        assert outputs["ExperimentArn"].endswith(":inference-experiment/shop-fraud-1")
        assert outputs["ExperimentStatus"] == "Running"
        assert outputs["ShadowVariant"] == "shadow"
        tags = cloud.sagemaker.client().list_tags(ResourceArn=outputs["ExperimentArn"])["Tags"]
        assert {tag["Key"] for tag in tags} == {"team", contract.OWNER_TAG}

    def test_update_in_place_changes_the_sampling_percentage(self, cloud: ControlledCloud) -> None:
        deploy(cloud, SamplingPercentage="50")
        assert mutations(cloud) == ["Update"]
        described = cloud.sagemaker.client().describe_inference_experiment(Name="shop-fraud-1")
        assert described["ShadowModeConfig"]["ShadowModelVariants"][0]["SamplingPercentage"] == 50
        assert described["Status"] == "Running"

    def test_failed_update_changes_nothing_and_rolls_back(self, cloud: ControlledCloud) -> None:
        image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:3"
        with pytest.raises(StackFailed) as failure:
            deploy(cloud, SamplingPercentage="50", ShadowImage=image)
        assert failure.value.status == "UPDATE_ROLLBACK_COMPLETE"
        assert any("ModelVariants cannot change while experiment" in reason for reason in failure.value.reasons)
        assert mutations(cloud) == []
        assert cloud.sagemaker.status("shop-fraud-1") == "Running"

    def test_completion_keeps_the_production_variant(self, cloud: ControlledCloud) -> None:
        outputs = deploy(cloud, SamplingPercentage="50", Verdict="keep-production")
        assert mutations(cloud) == ["Stop"]
        assert outputs["ExperimentStatus"] == "Completed"
        variants = cloud.sagemaker.endpoint_variants(outputs["EndpointName"])
        assert {name: variant.role for name, variant in variants.items()} == {"production": "production"}

    def test_new_name_replaces_and_cleans_up(self, cloud: ControlledCloud) -> None:
        outputs = deploy(cloud, Round="2")
        assert outputs["ExperimentName"] == "shop-fraud-2"
        assert mutations(cloud) == ["Create", "Delete"]
        assert (cloud.sagemaker.status("shop-fraud-1"), cloud.sagemaker.status("shop-fraud-2")) == (None, "Running")

    def test_promotion_makes_the_shadow_the_production_variant(self, cloud: ControlledCloud) -> None:
        outputs = deploy(cloud, Round="2", Verdict="promote-shadow")
        assert outputs["ExperimentStatus"] == "Completed"
        variants = cloud.sagemaker.endpoint_variants(outputs["EndpointName"])
        assert {name: variant.role for name, variant in variants.items()} == {"shadow": "production"}
        described = cloud.sagemaker.client().describe_inference_experiment(Name="shop-fraud-2")
        assert described["StatusReason"] == "Verdict is promote-shadow"

    def test_delete_leaves_nothing(self, cloud: ControlledCloud, provider: dict[str, str]) -> None:
        cloud.delete_stack("shop")
        assert cloud.sagemaker.client().list_inference_experiments()["InferenceExperiments"] == []
        assert cloud.queue_depth(provider["WaitQueueUrl"]) == 0
        assert cloud.queue_depth(provider["DeadLetterQueueUrl"]) == 0

    def test_log_is_one_json_line_per_decision_without_urls(
        self, cloud: ControlledCloud, provider: dict[str, str]
    ) -> None:
        log = function_log(cloud, provider["ServiceToken"].rsplit(":", 1)[1])
        AUDIT.inspect(log, "function on ministack")
        decisions = [json.loads(line) for line in log.splitlines() if '"decision"' in line]
        assert "CreateInferenceExperiment" in {each["action"] for each in decisions}
        assert all(each["request_id"] and each["timestamp"] and each["level"] == "INFO" for each in decisions)
        assert "ResponseURL" not in log
        assert "https://localhost" not in log


def test_promotion_by_a_result_in_s3(cloud: ControlledCloud, tmp_path: Path) -> None:
    """The function's role, CloudWatch and S3 are ministack's: a bad result changes nothing, a good one promotes."""
    cloud.deploy(PROVIDER_STACK, ROOT / "template.yaml", {**PROVIDER_PARAMETERS, "PredictionResults": "results/*"})
    cloud.sagemaker.add_endpoint("judged", "production", "model-1")
    cloud.sagemaker.add_model("model-2")
    criteria = "{MinAgreement: 99%, MinInvocations: 1, PredictionResult: s3://results/judged.json}"
    text = (ROOT / "examples" / "promotion.yaml").read_text(encoding="utf-8")
    template = tmp_path / "judged.yaml"
    template.write_text(
        text.replace("      Type: ShadowMode\n", f"      Type: ShadowMode\n      PromotionCriteria: {criteria}\n")
    )
    parameters = {"ProductionModelName": "model-1", "ShadowModelName": "model-2", "EndpointName": "judged"}
    parameters["ExperimentRoleArn"] = "arn:aws:iam::123456789012:role/experiment"
    cloud.deploy("judged", template, parameters)
    described = cloud.sagemaker.client().describe_inference_experiment(Name="judged-1")
    _measure(cloud, described["CreationTime"])
    objects = cloud.client("s3")
    objects.create_bucket(Bucket="results")
    origin = Origin(described["Arn"], described["CreationTime"].timestamp(), "production", "shadow")
    for agreed in (400, 500):
        figures = Figures("classification", 500, 500, agreed)
        content = seal(origin, figures, f"{datetime.now(UTC):%FT%TZ}", "s3://captured")
        objects.put_object(Bucket="results", Key="judged.json", Body=content)
        if agreed < 500:
            with pytest.raises(StackFailed, match="80% of the predictions agree"):
                cloud.deploy("judged", template, {**parameters, "Verdict": "promote-shadow"})
            assert cloud.sagemaker.status("judged-1") == "Running"
    cloud.deploy("judged", template, {**parameters, "Verdict": "promote-shadow"})
    assert list(cloud.sagemaker.endpoint_variants("judged")) == ["shadow"]
    cloud.delete_stack("judged")


def _measure(cloud: ControlledCloud, moment: datetime) -> None:
    """Put metrics of invocations for both variants: the simulated SageMaker has none."""
    for variant in ("production", "shadow"):
        dimensions = [{"Name": "EndpointName", "Value": "judged"}, {"Name": "VariantName", "Value": variant}]
        datum = {"MetricName": "Invocations", "Dimensions": dimensions, "Timestamp": moment, "Value": 1000.0}
        cloud.client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=[datum])


def test_failed_creation_rolls_the_stack_back(cloud: ControlledCloud, provider: dict[str, str]) -> None:
    """A creation that SageMaker refuses ends in FAILED with its message, and nothing stays."""
    assert provider["ServiceToken"]
    cloud.sagemaker.fail_next("CreateInferenceExperiment", "ResourceLimitExceeded", "The account-level limit is 0")
    with pytest.raises(StackFailed) as failure:
        cloud.deploy("other", EXAMPLE, PARAMETERS)
    assert any("The account-level limit is 0" in reason for reason in failure.value.reasons)
    assert cloud.sagemaker.client().list_inference_experiments()["InferenceExperiments"] == []
