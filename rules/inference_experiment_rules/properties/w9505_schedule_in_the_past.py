from datetime import UTC, datetime

from inference_experiment import checks
from inference_experiment_rules._base import GUIDE, Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class ScheduleInThePast(Rule):
    """SageMaker does not document whether it rejects such an experiment or starts it immediately."""

    id = "W9505"
    shortdesc = "Schedule is in the past"
    description = (
        "StartTime or EndTime is in the past. An experiment with DesiredState Completed or Cancelled may keep its old "
        "times. The option now replaces the current time with a date or a time, for reproducible results. On the "
        "command line (-x) cfn-lint splits values at a colon: specify a date there, or a time in .cfnlintrc."
    )
    source_url = GUIDE
    tags = ["sagemaker", "schedule"]

    options = {"now": {"default": "", "type": "string"}}

    def check(self, experiment: Experiment) -> Problems:
        """Yield one problem: at EndTime when it is over, else at StartTime."""
        if experiment.is_ending or not isinstance(experiment.desired_state, str):
            return
        now = moment_of(self.config["now"])
        for name, consequence in (
            ("EndTime", "the experiment would be over before its creation"),
            ("StartTime", "a new experiment cannot start in the past"),
        ):
            node = experiment.at("Schedule", name)
            moment = checks.parse_time(node.literal) if node is not None and node.literal else None
            if node is not None and moment is not None and moment < now:
                ago = (now - moment).days
                yield problem(node, f"{name} {node.literal} is {ago} days ago; {consequence}: specify a later time")
                return


def moment_of(text: str) -> datetime:
    """Return the time of the option, in UTC unless it has a zone, or the current time when the option is empty."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
