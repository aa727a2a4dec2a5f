"""A shadow test with the CDK: `cdk deploy`, or `python app.py` for the template in cdk.out."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

SAGEMAKER = "sagemaker.amazonaws.com"
# Those of examples/shadow-test.yaml.
IMAGE_ACTIONS = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
LOG_ACTIONS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
ENDPOINT_ACTIONS = [
    "sagemaker:AddTags",
    "sagemaker:CreateEndpoint",
    "sagemaker:CreateEndpointConfig",
    "sagemaker:DeleteEndpointConfig",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:ListTags",
    "sagemaker:UpdateEndpoint",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
]


def variant(name: str, model: sagemaker.CfnModel, instance_type: str = "ml.m5.xlarge") -> dict[str, Any]:
    """Return a model variant on one instance."""
    return {
        "VariantName": name,
        "ModelName": model.attr_model_name,
        "InfrastructureConfig": {
            "InfrastructureType": "RealTimeInference",
            "RealTimeInferenceConfig": {"InstanceType": instance_type, "InstanceCount": 1},
        },
    }


class ShadowTest(Construct):
    """A shadow test on an endpoint, with the role that SageMaker assumes for it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint: sagemaker.CfnEndpoint,
        model_role: iam.Role,
        variants: list[dict[str, Any]],
        capture_bucket: s3.Bucket,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = self._role(model_role)
        capture_bucket.grant_put(self.role, "shadow-test/*")
        production, shadow = (each["VariantName"] for each in variants)
        self.resource = cdk.CustomResource(
            self,
            "Experiment",
            resource_type="Custom::SageMakerInferenceExperiment",
            service_token=cdk.Fn.import_value("inference-experiment-provider-ServiceToken"),
            service_timeout=cdk.Duration.hours(1),
            properties={
                "Type": "ShadowMode",
                "RoleArn": self.role.role_arn,
                "EndpointName": endpoint.attr_endpoint_name,
                "ModelVariants": variants,
                "ShadowModeConfig": {
                    "SourceModelVariantName": production,
                    "ShadowModelVariants": [{"ShadowModelVariantName": shadow, "SamplingPercentage": 10}],
                },
                "DataStorageConfig": {"Destination": capture_bucket.s3_url_for_object("shadow-test")},
            },
        )
        # The policy is a resource of its own: it must exist before the experiment, and be deleted after it.
        self.resource.node.add_dependency(self.role.node.find_child("DefaultPolicy"))

    def _role(self, model_role: iam.Role) -> iam.Role:
        stack = cdk.Stack.of(self)
        conditions = {"StringEquals": {"aws:SourceAccount": stack.account}}
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal(SAGEMAKER, conditions=conditions))

        def arns(*kinds: str) -> list[str]:
            return [stack.format_arn(service="sagemaker", resource=kind, resource_name="*") for kind in kinds]

        for actions, resources in (
            (ENDPOINT_ACTIONS, arns("endpoint", "endpoint-config")),
            (["sagemaker:DescribeModel"], arns("model")),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))
        model_role.grant(role, "iam:PassRole").principal_statements[0].add_condition(
            "StringEquals", {"iam:PassedToService": SAGEMAKER}
        )
        return role


class FraudStack(cdk.Stack):
    """An endpoint with the model in production, and a shadow test of its candidate."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        bucket = s3.Bucket(
            self,
            "Capture",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS_MANAGED,
        )
        model_role = iam.Role(self, "ModelRole", assumed_by=iam.ServicePrincipal(SAGEMAKER))
        for actions, resource in (
            (["ecr:GetAuthorizationToken"], "*"),  # AWS has no resource type for this action
            (IMAGE_ACTIONS, self.format_arn(service="ecr", account="*", resource="repository", resource_name="*")),
            (
                LOG_ACTIONS,
                self.format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name="/aws/sagemaker/Endpoints/*",
                    arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                ),
            ),
        ):
            model_role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        bucket.grant_put(model_role, "shadow-test/*")
        production, candidate = (self._model(name, model_role) for name in ("Production", "Candidate"))
        configuration = sagemaker.CfnEndpointConfig(
            self,
            "EndpointConfig",
            production_variants=[
                sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                    variant_name="production",
                    model_name=production.attr_model_name,
                    instance_type="ml.m5.xlarge",
                    initial_instance_count=1,
                    initial_variant_weight=1,
                )
            ],
        )
        endpoint = sagemaker.CfnEndpoint(self, "Endpoint", endpoint_config_name=configuration.attr_endpoint_config_name)
        test = ShadowTest(
            self,
            "ShadowTest",
            endpoint=endpoint,
            model_role=model_role,
            variants=[variant("production", production), variant("shadow", candidate)],
            capture_bucket=bucket,
        )
        cdk.CfnOutput(self, "ExperimentName", value=test.resource.ref)
        cdk.CfnOutput(self, "ExperimentStatus", value=test.resource.get_att_string("Status"))

    def _model(self, name: str, role: iam.Role) -> sagemaker.CfnModel:
        image = cdk.CfnParameter(self, f"{name}Image", description=f"Container image of the model: {name.lower()}")
        container = sagemaker.CfnModel.ContainerDefinitionProperty(image=image.value_as_string)
        model = sagemaker.CfnModel(self, f"{name}Model", execution_role_arn=role.role_arn, primary_container=container)
        model.node.add_dependency(role.node.find_child("DefaultPolicy"))
        return model


app = cdk.App()
FraudStack(app, "Fraud")
app.synth()
