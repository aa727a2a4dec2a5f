from collections.abc import Iterator
from typing import ClassVar

from inference_experiment import checks
from inference_experiment_rules._base import Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class Schedule(Rule):
    """Times are plain strings to CloudFormation; SageMaker refuses the experiment, or the provider cannot read it."""

    id = "E9504"
    shortdesc = "Schedule is not valid"
    description = (
        "StartTime and EndTime are ISO 8601 times with a zone, EndTime comes after StartTime, and the experiment "
        "runs for at least 1 hour and at most 30 days."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InferenceExperimentSchedule.html"
    tags: ClassVar[list[str]] = ["sagemaker", "schedule"]

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield the problems of the times that are known."""
        schedule = experiment.at("Schedule")
        if schedule is None:
            return
        times = {name: node for name, node in schedule.members.items() if name in ("StartTime", "EndTime")}
        known = {name: node.literal for name, node in times.items() if node.literal is not None}
        for finding in checks.check_schedule(known):
            yield problem(times[str(finding.keys[1])], finding.message)
