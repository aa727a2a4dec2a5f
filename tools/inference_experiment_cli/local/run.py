"""What the commands of inference-experiment local print, and how they end."""

import json
import re
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inference_experiment.observed_properties import timestamp
from inference_experiment_cli.errors import ExitCode, ServiceError, UsageError
from inference_experiment_cli.local.place import running_process, state_folder
from inference_experiment_cli.local.settings import (
    env_file_text,
    shell_lines,
    variables,
    write_config_file,
    write_profile,
)
from inference_experiment_cli.output import Format, note, print_rows, print_value, write_file
from inference_experiment_cli.terminal import print_lines

if TYPE_CHECKING:
    from inference_experiment_local.state_folder import RunningProcess, StateFolder

_UNIT_SECONDS: Final = (604_800, 86_400, 3_600, 60, 1)
_PLAIN: Final = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.IGNORECASE)
_ISO: Final = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE)
_LONGEST_DAYS: Final = 366


def run_start(state: Path | None, port: int | None, env_file: Path | None, profile: str, *, foreground: bool) -> None:
    """Start, and print the exports. Raises CommandError."""
    folder = state_folder(state)
    from inference_experiment_cli.local.lifecycle import serve_here, start  # noqa: PLC0415 - needs the extra

    def announce(running: "RunningProcess") -> None:
        values = variables(folder, running)
        write_config_file(folder, running)
        if env_file is not None:
            write_file(env_file, env_file_text(values))
            note(f"wrote {env_file}")
        if profile:
            note(f"wrote profile {profile} to {write_profile(profile, folder, running)}")
        sys.stdout.write(shell_lines(values))
        sys.stdout.flush()

    def announce_here(running: "RunningProcess") -> None:
        announce(running)
        note(_ready(running, "Ctrl-C stops it"))

    if foreground:
        serve_here(folder, port, announce_here)
        note(f"stopped; the data are kept in {folder.path}")
        return
    running, is_new = start(folder, port)
    announce(running)
    note(_ready(running, "stop it: inference-experiment local stop") if is_new else f"it runs already at {running.url}")


def go_on(folder: "StateFolder") -> None:
    """Start what a demonstration leaves in a folder, and print how to use it. Raises CommandError."""
    from inference_experiment_cli.local.lifecycle import start  # noqa: PLC0415 - needs the extra

    running, _ = start(folder, None)
    write_config_file(folder, running)
    print_lines(
        [
            f"The local AWS keeps running at {running.url}, with both stacks. To use it in this shell, and to end it:",
            '  eval "$(inference-experiment local start)"',
            "  inference-experiment local stop",
        ]
    )


def _ready(running: "RunningProcess", stopping: str) -> str:
    return f"the local AWS is ready at {running.url}; {stopping}"


def run_status(state: Path | None, output: Format) -> ExitCode:
    """Print the status; the code is NO where it does not run."""
    folder = state_folder(state)
    running = folder.running()
    if running is None:
        lost = folder.record()
        how = "starting or stopping" if folder.is_locked() else "stopped"
        if lost is not None and how == "stopped":
            how = f"stopped: process {lost.process} was killed; local start goes on with its data"
        print_value({"status": how, "state": str(folder.path)}, output)
        return ExitCode.NO
    answer = _control(running, "Status")
    value = {
        "status": "running",
        "url": running.url,
        "process": running.process,
        "ready": running.ready,
        "clock": _time(answer["Time"]),
        "experiments": answer["Experiments"],
        "state": str(folder.path),
        "config": str(folder.config_file),
        "log": str(folder.log_file),
    }
    print_value(value, output)
    return ExitCode.DONE


def run_stop(state: Path | None) -> None:
    """Stop. Raises CommandError."""
    folder = state_folder(state)
    from inference_experiment_cli.local.lifecycle import stop  # noqa: PLC0415 - needs the extra

    stopped = stop(folder)
    note(f"stopped; the data are kept in {folder.path}" if stopped else f"no local AWS runs with {folder.path}")


def run_reset(state: Path | None) -> None:
    """Remove all data; one that runs goes on empty. Raises CommandError."""
    folder = state_folder(state)
    from inference_experiment_cli.local.lifecycle import local_errors, start, stop  # noqa: PLC0415 - needs the extra

    ran = stop(folder)
    with local_errors():
        folder.empty(keep_address=ran)
    if ran:
        running, _ = start(folder, None)
        write_config_file(folder, running)
        note(f"the local AWS at {running.url} is empty")
    else:
        note(f"{folder.path} is empty")


def run_advance(duration: str, state: Path | None, output: Format) -> None:
    """Move the clock on. Raises CommandError."""
    seconds = seconds_of(duration)
    answer = _control(running_process(state_folder(state)), "AdvanceClock", Seconds=seconds)
    changes = [{"name": each["Name"], "from": each["From"], "to": each["To"]} for each in answer["Changes"]]
    if changes or output is not Format.TABLE:
        print_rows(changes, ("name", "from", "to"), output)
    note(f"the clock is {_time(answer['Time'])}" + ("" if changes else "; no experiment has changed"))


def seconds_of(text: str) -> int:
    """Return the seconds of a duration. Raises UsageError."""
    bare = "".join(text.split())
    match = _PLAIN.fullmatch(bare) or _ISO.fullmatch(bare)
    numbers = match.groups() if match else ()
    if not any(numbers):
        raise UsageError(f"{text}: not a duration; write it as 90s, 30m, 2h, 1d12h or PT2H")
    seconds = sum(int(number) * unit for number, unit in zip(numbers, _UNIT_SECONDS, strict=True) if number)
    if not 0 < seconds <= _LONGEST_DAYS * _UNIT_SECONDS[1]:
        raise UsageError(f"{text}: the clock can be moved on by 1s to {_LONGEST_DAYS}d")
    return seconds


def _time(moment: float) -> str:
    return timestamp(datetime.fromtimestamp(moment, UTC))


def _control(running: "RunningProcess", operation: str, **parameters: object) -> Any:  # noqa: ANN401 - parsed JSON
    """Call the local AWS's own service. Raises ServiceError."""
    request = urllib.request.Request(  # noqa: S310 - our own URL
        running.control_url, json.dumps(parameters).encode(), {"X-Amz-Target": f"LocalAws.{operation}"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as response:
            return json.load(response)
    except (OSError, ValueError) as error:
        raise ServiceError(f"the local AWS does not answer at {running.control_url}: {error}") from error
