"""inference-experiment get: the options; inventory/properties.py makes the record."""

from inference_experiment_cli.inventory.properties import full_record
from inference_experiment_cli.operate.gateway import CliGateway
from inference_experiment_cli.operate.ownership import by_tags
from inference_experiment_cli.options import Name, Output, Profile, Region
from inference_experiment_cli.output import Format, print_value
from inference_experiment_cli.session import open_session


def get(name: Name, region: Region = "", profile: Profile = "", output: Output = Format.TABLE) -> None:
    """Show everything about one experiment.

    That is every property of the native type, and what the native type hides: the status of each variant, the reason
    of a failure, the end, all tags, and the owner.

    Example: inference-experiment get shop-fraud-1 --format yaml

    Exit codes: 0 found, 1 no such experiment, 2 the options are wrong, 4 AWS failed.
    """
    session = open_session(region, profile)
    observed, tags = CliGateway().describe_existing(name, session.region_name)
    owner = by_tags(name, tags)
    print_value(full_record(observed.details, tags, session.region_name, owner.text if owner else ""), output)
