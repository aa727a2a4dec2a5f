"""inference-experiment get: the options; inventory/listing.py makes the record."""

from inference_experiment_cli.inventory.describe import DescribedExperiment
from inference_experiment_cli.inventory.listing import row
from inference_experiment_cli.operate.gateway import CliGateway
from inference_experiment_cli.options import Name, Output, Profile, Region
from inference_experiment_cli.output import Format, print_value


def get(name: Name, region: Region = "", profile: Profile = "", output: Output = Format.TABLE) -> None:
    """Show everything about one experiment.

    That is every property of the native type, and what the native type hides: the status of each variant, the reason
    of a failure, the end, all tags, and the owner.

    Examples:
      inference-experiment get shop-fraud-1 --format yaml
      inference-experiment get shop-fraud-1 -o shop-fraud-1.json

    Exit codes: 0 found, 1 no such experiment, 2 the options are wrong, 4 AWS failed.

    Documentation: docs/manage.md
    """
    gateway = CliGateway(region, profile)
    observed, tags = gateway.describe_existing(name)
    print_value(row(DescribedExperiment(gateway.session.region_name, observed.details, tags), full=True), output)
