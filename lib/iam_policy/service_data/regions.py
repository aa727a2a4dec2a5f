"""AWS's partitions and regions."""

from functools import cache

from iam_policy.service_data import packaged


@cache
def partitions() -> frozenset[str]:
    """Return the names of AWS's partitions."""
    return frozenset(packaged(__package__, "regions.json")["partitions"])


@cache
def regions() -> frozenset[str]:
    """Return the names of AWS's regions in all partitions."""
    return frozenset(name for names in packaged(__package__, "regions.json")["partitions"].values() for name in names)
