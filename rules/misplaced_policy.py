from typing import ClassVar

from inference_experiment_rules._iam_examples import GOOD, PASS, experiments, provider, statements
from inference_experiment_rules._iam_rule import AccessRule


class MisplacedPolicy(AccessRule):
    """The permissions are there, but not where they are needed: the handler fails with AccessDenied."""

    id = "E9814"
    shortdesc = "Policy is attached to the wrong role"
    description = (
        "The provider's role lacks permissions that a policy of this template grants to another role, or to none."
    )
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_manage-attach-detach.html"
    tags: ClassVar[list[str]] = ["sagemaker", "iam", "permissions"]
    bad = (
        provider()
        + """\
  OtherRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: "sts:AssumeRole"}]
  Policy:
    Type: AWS::IAM::RolePolicy
    Properties:
      RoleName: {Ref: OtherRole}
      PolicyName: experiments
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
"""
        + statements(experiments(), PASS)
    )
    good = GOOD

    causes = frozenset({"misplaced"})
    kinds = frozenset({"provider"})
