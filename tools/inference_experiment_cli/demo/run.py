"""inference-experiment demo: a shadow test's whole life on a local AWS, from lint to delete.

The provider is the real function, deployed from the unmodified template.yaml; CloudFormation, Lambda and SQS are
ministack; SageMaker is moto with our simulation of inference experiments.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from inference_experiment_cli.captures.views import facts
from inference_experiment_cli.demo.captured import captured_sources, compared, fetched, line_counts
from inference_experiment_cli.demo.timeline import Timeline
from inference_experiment_cli.errors import NotPossibleError, Place, ServiceError, UsageError
from inference_experiment_cli.lint.engine import lint
from inference_experiment_cli.local.place import state_folder
from inference_experiment_cli.local.run import go_on
from inference_experiment_cli.output import Format, Screen, console, note, print_rows, print_title
from inference_experiment_cli.project.contents import PROVIDER_STACK, project_contents
from inference_experiment_cli.project.sources import choose_examples
from inference_experiment_cli.project.write import write_files
from inference_experiment_local.cloud import LocalCloud
from inference_experiment_local.errors import LocalAwsError, PortUnavailable, StackFailed, UnusableInput
from inference_experiment_local.state_folder import StateFolder

EXAMPLE_STACK = "shop"
PARAMETERS = {
    "ProductionImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1",
    "ShadowImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:2",
}
PROVIDER_PARAMETERS = {"PollSeconds": "0.2", "ResponseHosts": "localhost,127.0.0.1"}
# The deployments in order: name, changed parameters.
STAGES = (
    ("create, sampling 10 %", {"SamplingPercentage": "10"}),
    ("edit, sampling 50 %", {"SamplingPercentage": "50"}),
    ("complete, promote the shadow", {"SamplingPercentage": "50", "Verdict": "promote-shadow"}),
)


@dataclass
class Demo:
    """One run; paths in `project` are shown relative to it; `results` are the rows of the summary.

    With `keep` the data stay in a state folder, and nothing is deleted.
    """

    screen: Screen
    project: Path
    template: Path
    example: Path
    port: int | None
    keep: StateFolder | None = None
    results: list[tuple[str, float, str]] = field(default_factory=list)

    def run(self) -> None:
        """Lint, deploy, change and delete. Raises CommandError."""
        self._lint()
        try:
            with self.keep.locked() if self.keep else contextlib.nullcontext(-1) as lock:
                port = self.port or (self.keep.port() if self.keep else None)
                with LocalCloud(port, self.keep, lock) as cloud:
                    timeline = Timeline(self.screen, cloud.sagemaker.status)
                    cloud.sagemaker.on_call = timeline.call
                    self._live(cloud, timeline)
                    if self.keep is None:
                        self._delete(cloud, timeline)
                        self._check_leftovers(cloud, timeline)
                    else:
                        self.keep.keep_port(int(cloud.url.rpartition(":")[2]))
        except (PortUnavailable, UnusableInput) as error:
            raise UsageError(str(error)) from error
        except StackFailed as error:
            raise NotPossibleError(str(error)) from error
        except LocalAwsError as error:
            raise ServiceError(str(error)) from error
        self._summary()

    def _lint(self) -> None:
        broken = self.example.parent / "broken" / self.example.name
        for path in (self.template, self.example):
            findings = [finding for finding in lint(path) if finding.rule.id.startswith("E")]
            if findings:
                first = findings[0]
                raise NotPossibleError(f"{first.rule.id} {first.message}", Place(str(path), first.linenumber))
            self.screen.line(f"lint  {self._short(path)}: no errors", style="green")
        if broken.is_file():
            self.screen.line(f"lint  {self._short(broken)}, broken on purpose:", style="yellow")
            rows = [{"line": each.linenumber, "rule": each.rule.id, "finding": each.message} for each in lint(broken)]
            print_rows(rows, ("line", "rule", "finding"), Format.TABLE)

    def _short(self, path: Path) -> str:
        return str(path.relative_to(self.project) if path.is_relative_to(self.project) else path)

    @contextlib.contextmanager
    def _stage(self, timeline: Timeline, name: str) -> Iterator[list[str]]:
        timeline.line("step", name, "")
        began, result = timeline.elapsed, list[str]()
        yield result
        self.results.append((name, timeline.elapsed - began, ", ".join(result)))

    def _live(self, cloud: LocalCloud, timeline: Timeline) -> None:
        with self._stage(timeline, "deploy the provider") as result:
            outputs = cloud.deploy(PROVIDER_STACK, self.template, PROVIDER_PARAMETERS, on_event=timeline.stack_event)
            result.append("ServiceToken " + outputs["ServiceToken"].rsplit(":", 1)[1])
        self._queues = [outputs["WaitQueueUrl"], outputs["DeadLetterQueueUrl"]]
        for name, changes in STAGES:
            with self._stage(timeline, name) as result:
                outputs = cloud.deploy(
                    EXAMPLE_STACK, self.example, {**PARAMETERS, **changes}, on_event=timeline.stack_event
                )
                _check_outputs(self.example, outputs)
                result.append(outputs["ExperimentStatus"])
                variants = cloud.sagemaker.endpoint_variants(outputs["EndpointName"])
                result.append("endpoint: " + ", ".join(f"{key} is {value.role}" for key, value in variants.items()))
        self._predictions(cloud, timeline)

    def _delete(self, cloud: LocalCloud, timeline: Timeline) -> None:
        with self._stage(timeline, "delete") as result:
            cloud.delete_stack(EXAMPLE_STACK, on_event=timeline.stack_event)
            result.append("statuses seen: " + " ".join(dict.fromkeys(timeline.seen)))

    def _predictions(self, cloud: LocalCloud, timeline: Timeline) -> None:
        """Show what was captured and, where the extra is installed, how far both variants agree."""
        with self._stage(timeline, "captured data") as result:
            sources = []
            for source in captured_sources(cloud):
                timeline.line("step", "captured data", source.place)
                sources.append(fetched(cloud, source))
                result += [f"{name} {count} lines" for name, count in line_counts(sources[-1]).items()]
            result.append("synthetic" if result else "none: the experiment has no DataStorageConfig")
        if not sources:
            return
        with self._stage(timeline, "compare the predictions") as result:
            for source in sources:
                try:
                    found = dict(facts(compared(source)))
                except UsageError as missing:
                    result.append("not compared")
                    note(f"predictions are not compared: {missing}")
                else:
                    result += [f"{name} {found[name]}" for name in ("agreement", "pairs")]

    def _check_leftovers(self, cloud: LocalCloud, timeline: Timeline) -> None:
        """Check that everything is deleted. Raises ServiceError."""
        with self._stage(timeline, "check for leftovers") as result:
            experiments = cloud.sagemaker.client().list_inference_experiments()["InferenceExperiments"]
            messages = sum(cloud.queue_depth(url) for url in self._queues)
            cloud.delete_stack(PROVIDER_STACK, on_event=timeline.stack_event)
            stacks = [
                stack["StackName"]
                for stack in cloud.client("cloudformation").list_stacks()["StackSummaries"]
                if stack["StackStatus"] != "DELETE_COMPLETE"
            ]
            result.append(f"{len(experiments)} experiments, {messages} messages, {len(stacks)} stacks")
            if experiments or messages or stacks:
                raise ServiceError(f"not deleted: {result[0]}")

    def _summary(self) -> None:
        print_title("A shadow test's life")
        rows = [
            {"stage": name, "seconds": f"{seconds:5.1f}", "result": result} for name, seconds, result in self.results
        ]
        print_rows(rows, ("stage", "seconds", "result"), Format.TABLE)
        self.screen.line(
            "CloudFormation, Lambda and SQS were ministack; SageMaker was moto with this project's simulation of "
            "inference experiments; requests and predictions in the captured data are synthetic. No AWS account was "
            "used.",
            style="dim",
        )


def _check_outputs(example: Path, outputs: dict[str, str]) -> None:
    missing = {"ExperimentStatus", "EndpointName"} - outputs.keys()
    if missing:
        raise UsageError(f"has no output {' and '.join(sorted(missing))}, which the demo shows", Place(str(example)))


def run_demo(template: Path | None, example: Path | None, port: int | None, state: Path | None, *, keep: bool) -> None:
    """Run the demonstration; the paths default to those of a project as init writes it. Raises CommandError.

    With `keep` its stacks are there afterwards, on a local AWS in the background.
    """
    for path in filter(None, (template, example)):
        if not path.is_file():
            raise UsageError("no such file", Place(str(path)))
    kept = state_folder(state) if keep else None
    if kept is not None and kept.running() is not None:
        raise UsageError(
            "a local AWS runs already; stop it first: inference-experiment local stop", Place(str(kept.path))
        )
    with tempfile.TemporaryDirectory(prefix="inference-experiment-") as folder:
        project = Path(folder)
        write_files(project, project_contents(choose_examples(["shadow-test", "broken"])))
        template, example = template or project / "template.yaml", example or project / "examples" / "shadow-test.yaml"
        Demo(console(), project, template, example, port, kept).run()
    if kept is not None:
        go_on(kept)
