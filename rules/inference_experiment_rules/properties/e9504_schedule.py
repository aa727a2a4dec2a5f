from inference_experiment import checks
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class Schedule(Rule):
    """CloudFormation accepts any string as a time; SageMaker or the provider then rejects the experiment."""

    id = "E9504"
    shortdesc = "Schedule is invalid"
    description = (
        "StartTime and EndTime must be ISO 8601 times with a time zone. EndTime must be at least 1 hour and at most "
        "30 days after StartTime."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InferenceExperimentSchedule.html"
    tags = ["sagemaker", "schedule"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield the problems of the known times."""
        schedule = experiment.at("Schedule")
        if schedule is None:
            return
        times = {name: node for name, node in schedule.members.items() if name in ("StartTime", "EndTime")}
        known = {name: node.literal for name, node in times.items() if node.literal is not None}
        for finding in checks.check_schedule(known):
            yield problem(times[str(finding.keys[1])], finding.message)
