"""Instance types that shadow tests exclude, and families with local storage (reference: AWS documentation)."""

from typing import Final

# https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html
EXCLUDED_FAMILIES: Final = ("ml.inf1.",)
# The families of SageMaker hosting whose EC2 instances have local NVMe storage.
LOCAL_STORAGE_FAMILIES: Final = frozenset(
    (
        *("m5d", "c5d", "r5d", "m6gd", "c6gd", "r6gd", "r7gd", "trn1", "trn1n", "trn2", "dl1"),
        *("g4dn", "g5", "g6", "g6e", "g7e", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200"),
    )
)
