"""Where the answers still differ, by reason. An entry whose case agrees again fails the test: take it out then."""

from collections.abc import Mapping

RULES = "tests/rules"
CASES = "tests/one_answer/cases"

PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "validate gives the line of a property, lint that of the branch of Fn::If": (f"{RULES}/E9602/fail-condition.yaml",),
    "validate takes an unknown DesiredState for one that does not end the test": (
        f"{RULES}/E9503/pass-ended.yaml",
        f"{RULES}/W9517/pass-shadow-dropped.yaml",
    ),
    "validate is silent on a property that only SageMaker sets when its value is unknown": (
        f"{RULES}/E9507/fail-intrinsic.yaml",
    ),
    "cfn-lint reports a wrong default at the parameter (W1030), validate at the property": (
        f"{RULES}/E9501/fail-intrinsic.yaml",
    ),
    "validate does not judge ServiceToken and ServiceTimeout": (
        *(f"{RULES}/E9701/fail-{name}.yaml" for name in ("bucket-arn", "condition", "intrinsic", "name", "ref")),
        *(f"{RULES}/E9701/fail-{name}.yaml" for name in ("role", "sam", "stack")),
        f"{RULES}/E9501/fail-properties.yaml",
        *(f"mutant {number}" for number in (9, 14, 139, 207, 272, 338)),
    ),
    "validate holds the native type to the custom type's tags": (
        f"{RULES}/E9506/pass-native.yaml",
        f"{CASES}/agreement/native-with-50-tags.yaml",
    ),
    "the function stops at what the schema finds": (
        "examples/broken/shadow-test.yaml",
        *(f"mutant {number}" for number in (10, 29, 47, 87, 96, 129, 158, 210, 212, 219, 246, 271, 296, 297)),
    ),
    "lint accepts signs and underscores in a text, and fractions on the native type": tuple(
        f"mutant {number}" for number in (144, 206, 289, 345)
    ),
    "validate looks for variant names in what is not a list": tuple(
        f"mutant {number}" for number in (149, 153, 163, 178, 304)
    ),
    "after one finding validate makes no other check of what does not depend on it": ("mutant 130",),
    "plan needs the properties that Fn::Transform brings": (
        f"{CASES}/templates/include-in-properties.yaml",
        f"{RULES}/E9501/pass-transform.yaml",
        f"{RULES}/E9507/pass-transform.yaml",
    ),
}

PERMISSIONS: Mapping[str, tuple[str, ...]] = {
    "only policy check reports a policy without Version": (
        f"{RULES}/E9501/fail-role-name.yaml",
        *(f"{RULES}/E9602/{name}.yaml" for name in ("fail-condition", "fail-sub", "pass-arn", "pass-sub")),
        f"{RULES}/E9701/fail-role.yaml",
        *(f"{RULES}/W9708/fail-{name}.yaml" for name in ("condition", "native", "policy", "provider", "sam")),
        *(f"{RULES}/W9708/pass-{name}.yaml" for name in ("depends-on", "managed-by-role", "other-role", "transitive")),
    ),
}
# Cases whose right answer, in expected.py, none of the commands gives yet.
WRONG = frozenset(
    {
        "condition-on-account-id.yaml",
        "full-access-and-own-bucket.yaml",
        "unknown-managed-policy.yaml",
        "cdk-provider-framework.json",
        "endpoint-config-has-shadow-variant.yaml",
        "experiment-replaces-production-fleet.yaml",
        "provider-in-vpc.yaml",
        "sam-policy-with-name-and-document.yaml",
        "include-in-properties.yaml",
        "short_arn_deny.json",
        "short_arn_notresource.json",
        "short_arn_allow.json",
        "region_lock_eu.json",
        "b_mfa.json",
        "t_orgid.json",
        "forall_null.json",
        "trust_extra_action.json",
        "prov_ok_accesspoint.json",
        "get-policy-version.json",
        "terraform-plan.json",
        "dump-with-users.json",
        "role-null.json",
        "utf16.json",
        "scp.json",
        "key-of-another-account.json",
        "deny-old-sessions.json",
        "multivalued-keys.json",
    }
)
PLANS: Mapping[str, tuple[str, ...]] = {}


def reason_of(case: str, known: Mapping[str, tuple[str, ...]]) -> str:
    """Return why a case is known to differ; empty where it is not."""
    return next((reason for reason, cases in known.items() if case in cases), "")
