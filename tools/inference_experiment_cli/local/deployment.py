"""Deploys and deletes stacks on the local AWS."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from inference_experiment_cli.errors import NotPossibleError
from inference_experiment_cli.inputs.documents import parse_document, read_text
from inference_experiment_cli.inputs.parameters import check_parameters, given_parameters
from inference_experiment_cli.local.place import running_process, state_folder
from inference_experiment_cli.output import Format, note, print_rows
from inference_experiment_cli.progress import counter

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

    from inference_experiment_local.client import RunningCloud


def run_deploy(
    stack: str,
    template: Path,
    parameter: Sequence[str] | None,
    parameter_file: Sequence[str] | None,
    state: Path | None,
    output: Format,
) -> None:
    """Deploy, and print the outputs. Raises CommandError."""
    values = given_parameters(parameter, parameter_file)
    name, text = read_text(template)
    parse_document(text, name)
    with _cloud(state) as cloud:
        from inference_experiment_local.ministack.stacks import decoded  # noqa: PLC0415 - half a second

        check_parameters(decoded(template).get("Parameters") or {}, values)
        cloud.on_foreign_build = lambda logical_id, built: note(f"{logical_id}: {built}")
        with counter(f"deploying {stack}") as advance:
            outputs = cloud.deploy(
                stack, template, values, keep_parameters=True, on_event=lambda event: advance(_summary(event))
            )
    rows = [{"output": key, "value": value} for key, value in outputs.items()]
    if rows or output is not Format.TABLE:
        print_rows(rows, ("output", "value"), output)
    note(f"stack {stack} is deployed")


def run_delete(stack: str, state: Path | None) -> None:
    """Delete. Raises CommandError."""
    with _cloud(state) as cloud, counter(f"deleting {stack}") as advance:
        cloud.delete_stack(stack, on_event=lambda event: advance(_summary(event)))
    note(f"stack {stack} is deleted")


def _summary(event: "StackEventTypeDef") -> str:
    return f"{event.get('LogicalResourceId')} {event.get('ResourceStatus')}"


@contextmanager
def _cloud(state: Path | None) -> Iterator["RunningCloud"]:
    """Give the stacks of the running local AWS; raises CommandError for its errors."""
    folder = state_folder(state)
    running = running_process(folder)
    from inference_experiment_cli.local.lifecycle import local_errors  # noqa: PLC0415 - needs the extra
    from inference_experiment_local.client import RunningCloud  # noqa: PLC0415 - the same
    from inference_experiment_local.errors import StackFailed  # noqa: PLC0415 - the same

    with local_errors():
        try:
            yield RunningCloud(folder, running)
        except StackFailed as error:
            raise NotPossibleError(str(error)) from error
