"""The cases with their correct results: the rules that lint reports or not, and the output of policy check."""

from typing import NamedTuple


class Linted(NamedTuple):
    """A template: one of `rules` is reported, none of `silent`; a rule may be a prefix. `words` are in a message."""

    file: str
    rules: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


LINTED = (
    Linted("condition-on-account-id.yaml", ("E9503",)),
    Linted("condition-on-parameter.yaml", ("E9503",)),
    Linted("full-access-and-own-bucket.yaml", ("W9816",)),
    Linted("unknown-managed-policy.yaml", ("E9814",)),
    Linted("cdk-provider-framework.json", ("E97", "W97"), ("E98", "W98")),
    Linted("endpoint-config-has-shadow-variant.yaml", ("W96",)),
    Linted("experiment-replaces-production-fleet.yaml", ("W96",)),
    Linted("provider-in-vpc.yaml", ("E9801", "W9819"), words=("ec2:",)),
    Linted("sam-policy-with-name-and-document.yaml", ("E9813",)),
    Linted("include-in-properties.yaml", silent=("E95", "E30", "W95")),
    Linted("kms-key-arn-needs-no-encrypt.yaml", silent=("E98", "W98")),
    Linted(
        "message-cut-mid-action.yaml",
        ("E9801",),
        words=(" more", "`inference-experiment policy generate --for provider"),
    ),
    Linted("comma-list-and-dynamic-reference.yaml", silent=("E95", "E98", "W98")),
)


class Checked(NamedTuple):
    """A policy: the command's arguments around the file, the exit code, words in what it prints, words that are not."""

    file: str
    code: int
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    command: tuple[str, ...] = ("check", "FILE", "--for", "provider")


EXPLAIN = (
    *("explain", "sagemaker:CreateInferenceExperiment"),
    *("arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/x", "FILE"),
)
EXPERIMENT = ("check", "FILE", "--for", "experiment")
IN_EUROPE = ("check", "FILE", "--for", "provider", "--region", "eu-west-1")
OTHER_KEY = (
    *EXPERIMENT,
    *("--capture", "s3://cap/x", "--capture-key"),
    "arn:aws:kms:us-east-1:999999999999:key/1111aaaa-1111-1111-1111-111111111111",
)
# Undecided is an information, which does not change the exit code.
LISTED = ("info undecided", "sagemaker:CreateInferenceExperiment", "iam:PassRole", "sqs:ReceiveMessage")
CHECKED = (
    Checked("short_arn_deny.json", 1, command=EXPLAIN),
    Checked("short_arn_notresource.json", 1, command=EXPLAIN),
    Checked("short_arn_allow.json", 0, command=EXPLAIN),
    Checked("region_lock_eu.json", 1, ("explicit-deny",)),
    Checked("b_mfa.json", 1, ("explicit-deny",), ("undecided",)),
    Checked("t_orgid.json", 1, ("source-never-matches",), ("undecided",), EXPERIMENT),
    Checked("forall_null.json", 1, ("warning",), ("no operator",)),
    Checked("trust_extra_action.json", 1, ("error",), command=EXPERIMENT),
    Checked("prov_ok_accesspoint.json", 0),
    Checked("key_no_prefix.json", 1, ("iam:PassedToService",)),
    Checked("get-policy-version.json", 0, without=("missing-permission",), command=IN_EUROPE),
    Checked("terraform-plan.json", 2, without=("missing-permission",)),
    Checked("dump-with-users.json", 1, without=("has 0 roles",)),
    Checked("role-null.json", 1, without=("Traceback",)),
    Checked("utf16.json", 0, command=EXPERIMENT),
    Checked("scp.json", 2, ("--scp",)),
    Checked("key-of-another-account.json", 0, ("key policy",), command=OTHER_KEY),
    Checked("sub-in-plain-json.json", 1, ("IAM does not know Fn::Sub: resolve it first",), ("lacks",)),
    Checked("deny-old-sessions.json", 0, ("1 finding", *LISTED), command=IN_EUROPE),
    Checked("multivalued-keys.json", 0, ("1 finding", *LISTED), command=IN_EUROPE),
)
