"""The packaged data agree with their sources."""

from botocore.loaders import Loader

from iam_policy.service_data.regions import partitions, regions


def test_partitions_and_regions_are_those_of_botocore() -> None:
    """Promise: no region of AWS is reported as unknown once botocore knows it."""
    entries = Loader().load_data("partitions")["partitions"]
    names = {name for entry in entries for name in entry["regions"] if "global" not in name}

    assert partitions() == {entry["id"] for entry in entries}
    assert regions() == names
