from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

from inference_experiment import checks
from inference_experiment_rules._base import GUIDE, Problem, Rule, problem
from shadow_test_policies.experiment import Experiment


class ScheduleInThePast(Rule):
    """A new experiment would be refused or start at once; SageMaker documents neither."""

    id = "W9505"
    shortdesc = "Schedule lies in the past"
    description = (
        "StartTime or EndTime is already over. An experiment that DesiredState ends may keep its old times. Now is the "
        "clock, unless the option now gives a day or a time, which makes results reproducible. The command line (-x) "
        "cuts values at a colon: give a day there, or a time in .cfnlintrc."
    )
    source_url = GUIDE
    tags: ClassVar[list[str]] = ["sagemaker", "schedule"]

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = {"now": {"default": "", "type": "string"}}
        self.configure()

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield a problem at the later of the times that are over."""
        if experiment.is_ending or not isinstance(experiment.desired_state, str):
            return
        now = moment_of(self.config["now"])
        for name, consequence in (
            ("EndTime", "the experiment is over before it is created"),
            ("StartTime", "a new experiment cannot start then"),
        ):
            node = experiment.at("Schedule", name)
            moment = checks.parse_time(node.literal) if node is not None and node.literal else None
            if node is not None and moment is not None and moment < now:
                ago = (now - moment).days
                yield problem(node, f"{name} {node.literal} is {ago} days ago; {consequence}: choose a later time")
                return


def moment_of(text: str) -> datetime:
    """Return the time that the option gives, UTC where it has no zone; the clock's when it gives none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
