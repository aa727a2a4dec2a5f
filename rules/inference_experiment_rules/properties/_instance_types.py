"""Instance types that shadow tests exclude, and families with local storage (reference: AWS documentation)."""

import difflib
from functools import cache
from typing import Final

from inference_experiment_rules import _cfnlint

PREFIX: Final = "ml."
# https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html
EXCLUDED_FAMILIES: Final = ("ml.inf1.",)
# The families of SageMaker hosting whose EC2 instances have local NVMe storage.
LOCAL_STORAGE_FAMILIES: Final = frozenset(
    (
        *("m5d", "c5d", "r5d", "m6gd", "c6gd", "r6gd", "r7gd", "trn1", "trn1n", "trn2", "dl1"),
        *("g4dn", "g5", "g6", "g6e", "g7e", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200"),
    )
)


def family_of(name: str) -> str:
    """Return m5 of ml.m5.large."""
    return name.split(".")[1] if name.startswith(PREFIX) and name.count(".") > 1 else ""


@cache
def nearest_instance_type(name: str) -> str | None:
    """Return the most similar hosting instance type when `name` is certainly not one, else None.

    The price list is incomplete and differs by region, so only a missing "ml." or a size that no region has for a
    listed family counts as certain.
    """
    listed = _cfnlint.hosting_instance_types()
    if name in listed or not listed:
        return None
    if PREFIX + name in listed:
        return PREFIX + name
    same = sorted(other for other in listed if family_of(other) == family_of(name))
    if not family_of(name) or not same:
        return None
    return next(iter(difflib.get_close_matches(name, same, 1, 0)), same[0])
