"""Where the captured data of an experiment are, as SageMaker describes it."""

from inference_experiment.criteria import Role
from inference_experiment_cli.captures.place import S3, Period, Variants
from inference_experiment_cli.captures.run import Source
from inference_experiment_cli.errors import NotPossibleError
from inference_experiment_cli.report.measurement import Subject


def source_of(subject: Subject) -> Source:
    """Return the place, variants and time of an experiment. Raises NotPossibleError where it captures no data."""
    members, variants = subject.members, subject.variants
    destination = (members.get("DataStorageConfig") or {}).get("Destination", "")
    if not destination:
        raise NotPossibleError(f"experiment {subject.name} captures no data: it has no DataStorageConfig")
    if S3.fullmatch(destination) is None:
        raise NotPossibleError(f"experiment {subject.name} captures to {destination}, which is no s3:// address")
    period = Period(members.get("CreationTime"), members.get("CompletionTime"))
    place = f"{destination.rstrip('/')}/{subject.endpoint}"
    return Source(place, Variants(variants[Role.PRODUCTION], variants[Role.SHADOW]), period)
