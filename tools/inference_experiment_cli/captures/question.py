"""What is asked of captured data, in the options' words: free of what answers it, which is slow to import."""

from dataclasses import dataclass

from inference_experiment_cli.captures.task import Task


@dataclass(frozen=True)
class Labels:
    """Where labels are and how their columns are named."""

    place: str
    key: str
    column: str


@dataclass(frozen=True)
class AthenaSettings:
    """In which workgroup and database queries run, where their results are written, and for how long one may run."""

    workgroup: str = "primary"
    output: str = ""
    database: str = "default"
    timeout: float = 1800.0


@dataclass(frozen=True)
class Question:
    """What is compared and how."""

    labels: Labels | None = None
    prediction: str = ""
    task: Task | None = None
    sliced: str = ""
    redact: bool = False
    athena: AthenaSettings | None = None
