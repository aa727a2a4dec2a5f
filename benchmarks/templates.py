"""Templates for the benchmarks: a shadow test with its endpoint, models and roles, and a service without one.

Each has about 120 lines and a number in its names, so that no two are the same.
"""

from pathlib import Path
from typing import Final

_ROLE: Final = """\
  {name}Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{{Effect: Allow, Principal: {{Service: {service}}}, Action: "sts:AssumeRole"}}]
      Policies:
        - PolicyName: {name}
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {{Effect: Allow, Action: "s3:PutObject", Resource: !Sub "${{Bucket.Arn}}/{number}/*"}}
{statements}
"""
_STATEMENT: Final = """\
              - Effect: Allow
                Action: {actions}
                Resource: {resource}
"""
_BUCKET: Final = """\
  Bucket:
    Type: AWS::S3::Bucket
    UpdateReplacePolicy: Delete
    DeletionPolicy: Delete
    Properties:
      PublicAccessBlockConfiguration:
        {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}
"""
_MODELS: Final = """\
  ProductionModel:
    Type: AWS::SageMaker::Model
    Properties:
      ExecutionRoleArn: !GetAtt ModelRole.Arn
      PrimaryContainer: {Image: !Sub "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/model:1"}
  ShadowModel:
    Type: AWS::SageMaker::Model
    Properties:
      ExecutionRoleArn: !GetAtt ModelRole.Arn
      PrimaryContainer: {Image: !Sub "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/model:2"}
  EndpointConfig:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      ProductionVariants:
        - VariantName: production
          ModelName: !GetAtt ProductionModel.ModelName
          InstanceType: ml.m5.xlarge
          InitialInstanceCount: 1
          InitialVariantWeight: 1
  Endpoint:
    Type: AWS::SageMaker::Endpoint
    Properties: {EndpointConfigName: !GetAtt EndpointConfig.EndpointConfigName}
"""
_EXPERIMENT: Final = """\
  Experiment{index}:
    Type: {type}
    Properties:
{head}      Name: !Sub "${{AWS::StackName}}-{number}-{index}"
      Type: ShadowMode
      Description: {description}
      RoleArn: !GetAtt ExperimentRole.Arn
      EndpointName: {endpoint}
      ModelVariants:
        - VariantName: production
          ModelName: !GetAtt ProductionModel.ModelName
          InfrastructureConfig:
            InfrastructureType: RealTimeInference
            RealTimeInferenceConfig: {{InstanceType: ml.m5.xlarge, InstanceCount: 1}}
        - VariantName: shadow
          ModelName: !GetAtt ShadowModel.ModelName
          InfrastructureConfig:
            InfrastructureType: RealTimeInference
            RealTimeInferenceConfig: {{InstanceType: ml.m5.xlarge, InstanceCount: 1}}
      ShadowModeConfig:
        SourceModelVariantName: production
        ShadowModelVariants: [{{ShadowModelVariantName: shadow, SamplingPercentage: 10}}]
      DataStorageConfig: {{Destination: !Sub "s3://${{Bucket}}/{number}"}}
      Tags: [{{Key: team, Value: {tag}}}]
"""
_SERVICE: Final = """\
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
      Role: !GetAtt FunctionRole.Arn
      Timeout: 30
      Code: {{S3Bucket: !Ref Bucket, S3Key: code-{number}.zip}}
      Environment: {{Variables: {{QUEUE: !Ref Queue, TABLE: !Ref Table}}}}
  Queue:
    Type: AWS::SQS::Queue
    UpdateReplacePolicy: Delete
    DeletionPolicy: Delete
    Properties: {{VisibilityTimeout: 60, SqsManagedSseEnabled: true}}
  Table:
    Type: AWS::DynamoDB::Table
    UpdateReplacePolicy: Retain
    DeletionPolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}]
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{EventSourceArn: !GetAtt Queue.Arn, FunctionName: !Ref Function, BatchSize: {batch}}}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/SQS
      MetricName: ApproximateAgeOfOldestMessage
      Dimensions: [{{Name: QueueName, Value: !GetAtt Queue.QueueName}}]
      Statistic: Maximum
      Period: 60
      EvaluationPeriods: 3
      Threshold: {threshold}
      ComparisonOperator: GreaterThanThreshold
"""
CUSTOM: Final = "Custom::SageMakerInferenceExperiment"
NATIVE: Final = "AWS::SageMaker::InferenceExperiment"
_CUSTOM_HEAD: Final = '      ServiceToken: !ImportValue "provider-ServiceToken"\n      ServiceTimeout: 3600\n'
_ENDPOINT_ACTIONS: Final = "[sagemaker:CreateEndpointConfig, sagemaker:DescribeEndpoint, sagemaker:UpdateEndpoint]"
_ENDPOINTS: Final = '"*"'


def experiment(number: int, conditions: int = 0, experiments: int = 1, statements: int = 1, kind: str = CUSTOM) -> str:
    """Return a template with experiments; each of the independent conditions applies to a statement and a tag."""
    parts = [_conditions(conditions), "Resources:\n"]
    for index in range(experiments):
        endpoint = "!GetAtt Endpoint.EndpointName" if not index else f"endpoint-{number}-{index}"
        parts.append(
            _EXPERIMENT.format(
                type=kind,
                head=_CUSTOM_HEAD if kind == CUSTOM else "",
                number=number,
                index=index,
                endpoint=endpoint,
                description=_chosen("Description", conditions, 0),
                tag=_chosen("fraud", conditions, 1),
            )
        )
    parts += [
        _MODELS,
        _BUCKET,
        _role("Model", number, statements, 0),
        _role("Experiment", number, statements, conditions),
    ]
    return "".join(parts)


def service(number: int) -> str:
    """Return a template of a function with a queue and a table, without an experiment."""
    body = _SERVICE.format(number=number, batch=1 + number % 10, threshold=60 + number % 600)
    return f"Resources:\n{body}{_BUCKET}{_role('Function', number, 2, 0, 'lambda.amazonaws.com')}"


def write(folder: Path, count: int, one_in: int = 1) -> list[Path]:
    """Write numbered templates, one in `one_in` with an experiment, and return their paths."""
    folder.mkdir(parents=True)
    paths = [folder / f"{number:04}.yaml" for number in range(count)]
    for number, path in enumerate(paths):
        kind = NATIVE if number // one_in % 2 else CUSTOM
        text = service(number) if number % one_in else experiment(number, conditions=number // one_in % 4, kind=kind)
        path.write_text(text, encoding="utf-8")
    return paths


def _conditions(count: int) -> str:
    if not count:
        return ""
    names = range(count)
    parameters = "".join(f"  Choice{name}: {{Type: String}}\n" for name in names)
    declared = "".join(f'  Is{name}: !Equals [!Ref Choice{name}, "yes"]\n' for name in names)
    return f"Parameters:\n{parameters}Conditions:\n{declared}"


def _chosen(value: str, conditions: int, index: int) -> str:
    return f"!If [Is{index}, {value}, other]" if index < conditions else value


def _role(
    name: str, number: int, statements: int, conditions: int, service_name: str = "sagemaker.amazonaws.com"
) -> str:
    texts = []
    for index in range(max(statements, conditions)):
        resource = f'!If [Is{index}, "*", !Sub "arn:${{AWS::Partition}}:sagemaker:*:*:endpoint/{number}-{index}*"]'
        texts.append(
            _STATEMENT.format(actions=_ENDPOINT_ACTIONS, resource=resource if index < conditions else _ENDPOINTS)
        )
    return _ROLE.format(name=name, number=number, service=service_name, statements="".join(texts).rstrip("\n"))
