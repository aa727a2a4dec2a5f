"""The examples of the 98xx rules: a provider or an experiment's role with the given statements."""

from typing import Final

_PROVIDER: Final = """
Resources:
  Experiment:
    Properties:
      ServiceToken: {{Fn::GetAtt: [Provider, Arn]}}
  Provider:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.13
      Handler: inference_experiment.handler.handler
      Code: {{S3Bucket: code, S3Key: provider.zip}}
      Timeout: 300
      Role: {{Fn::GetAtt: [ProviderRole, Arn]}}
  ProviderRole:
    Type: AWS::IAM::Role
    Properties:
      {trust}
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
      {more}Policies:
        - PolicyName: experiments
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
{statements}
"""
_EXPERIMENT: Final = """
Resources:
  Experiment:
    Properties:
      RoleArn: {{Fn::GetAtt: [ExperimentRole, Arn]}}
      DataStorageConfig: {{Destination: "s3://capture/shadow-test"}}
  ExperimentRole:
    Type: AWS::IAM::Role
    Properties:
      {trust}
      Policies:
        - PolicyName: shadow-test
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
{statements}
"""
_SAM: Final = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Experiment:
    Properties:
      ServiceToken: {{Fn::GetAtt: [Provider, Arn]}}
  Provider:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: inference_experiment.handler.handler
      CodeUri: s3://code/provider.zip
      Timeout: 300
      Policies:
        - Version: "2012-10-17"
          Statement:
{statements}
"""
ACTIONS: Final = (
    "AddTags",
    "CreateInferenceExperiment",
    "DeleteInferenceExperiment",
    "DeleteTags",
    "DescribeInferenceExperiment",
    "ListTags",
    "StartInferenceExperiment",
    "StopInferenceExperiment",
    "UpdateInferenceExperiment",
)
OWN: Final = "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}"
CONDITION: Final = '{StringEquals: {"iam:PassedToService": sagemaker.amazonaws.com}}'


def allow(actions: str, resource: str, condition: str = "", effect: str = "Allow") -> str:
    """Return a statement."""
    written = f"Effect: {effect}\nAction: {actions}\nResource: {resource}"
    return written + (f"\nCondition: {condition}" if condition else "")


def experiments(without: str = "", resource: str = f"{OWN}:inference-experiment/*", condition: str = "") -> str:
    """Return the statement on experiments, without one action if asked."""
    names = ["sagemaker:" + name for name in ACTIONS if name != without]
    return allow("[" + ", ".join(names) + "]", f'{{Fn::Sub: "{resource}"}}', condition)


LIST: Final = allow("sagemaker:ListInferenceExperiments", '"*"')
STACKS: Final = allow(
    "cloudformation:DescribeStacks",
    '{Fn::Sub: "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/*"}',
)
PASS: Final = allow("iam:PassRole", "{Ref: ExperimentRoleArn}", CONDITION)
CAPTURE: Final = allow("s3:PutObject", '"arn:aws:s3:::capture/shadow-test/*"')
ENDPOINT: Final = allow(
    "[sagemaker:CreateEndpointConfig, sagemaker:DescribeEndpoint, sagemaker:DescribeEndpointConfig, "
    "sagemaker:DescribeModel, sagemaker:UpdateEndpoint]",
    '"*"',
)

REST: Final = allow(
    "[cloudwatch:PutMetricData, ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, ecr:GetAuthorizationToken, "
    "ecr:GetDownloadUrlForLayer, logs:CreateLogGroup, logs:CreateLogStream, logs:DescribeLogStreams, "
    "logs:PutLogEvents, s3:GetObject, sagemaker:CreateEndpoint, sagemaker:DeleteEndpointConfig, "
    "sagemaker:UpdateEndpointWeightsAndCapacities]",
    '"*"',
)


def _trust(service: str, condition: str = "") -> str:
    written = f'Effect: Allow, Principal: {{Service: {service}}}, Action: "sts:AssumeRole"'
    written += f", Condition: {condition}" if condition else ""
    return f'AssumeRolePolicyDocument:\n        Version: "2012-10-17"\n        Statement: [{{{written}}}]'


def _statements(statements: tuple[str, ...], indent: int) -> str:
    lines = [
        (" " * indent) + ("- " if index == 0 else "  ") + line
        for statement in statements
        for index, line in enumerate(statement.splitlines())
    ]
    return "\n".join(lines)


def provider(
    *statements: str, more: str = "", service: str = "lambda.amazonaws.com", condition: str = "", complete: bool = True
) -> str:
    """Return a provider whose role has these statements besides what is never in question."""
    rest = (LIST, STACKS) if complete else ()
    written = _statements((*statements, *rest), 14)
    more = f"{more}\n      " if more else ""
    return _PROVIDER.format(trust=_trust(service, condition), statements=written, more=more).lstrip("\n")


def experiment(*statements: str, service: str = "sagemaker.amazonaws.com", condition: str = "") -> str:
    """Return an experiment whose role has these statements."""
    return _EXPERIMENT.format(trust=_trust(service, condition), statements=_statements(statements, 14)).lstrip("\n")


def serverless(*statements: str) -> str:
    """Return a provider whose role SAM makes of these statements."""
    return _SAM.format(statements=_statements((*statements, LIST, STACKS), 12)).lstrip("\n")


def statements(*written: str) -> str:
    """Return statements as the end of a document of a policy resource."""
    return _statements(written, 10) + "\n"


LONG_LIST: Final = "[" + ", ".join(f'"arn:aws:s3:::{"a-rather-long-name-" * 9}-{number}"' for number in range(60)) + "]"
GOOD: Final = provider(experiments(), PASS)
GOOD_EXPERIMENT: Final = experiment(ENDPOINT, CAPTURE)
