"""Signals, failing output, odd input and odd environments: one line or the right result, and nothing left behind."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import Finished, assert_one_line, run
from desk import EXAMPLE, ROOT, Desk
from desk_files import bring_to, properties
from processes import group_of, impostor, names, shell, start, wait_until

from iam_policy.lint.suppress import unknown_kinds
from inference_experiment_cli.main import COMMANDS

INTERRUPTED = "inference-experiment: interrupted\n"
INTERRUPTIONS = {
    "Ctrl-C": ((signal.SIGINT,), True, 130),
    "Ctrl-C twice": ((signal.SIGINT, signal.SIGINT), True, 130),
    "SIGTERM": ((signal.SIGTERM,), False, 143),
    "a closed terminal": ((signal.SIGHUP,), True, 129),
}
interrupted = pytest.mark.parametrize(("signals", "group", "code"), INTERRUPTIONS.values(), ids=INTERRUPTIONS)
BROKEN = ROOT / "tests" / "rules" / "E9502"
PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Wi-Fi</body></html>"


@pytest.fixture
def settings(desk: Desk, tmp_path: Path) -> dict[str, str]:
    """Return the desk's settings, with folders for temporary files and caches that a test can look into."""
    for name in ("temporary", "cache", "work"):
        (tmp_path / name).mkdir()
    os.chdir(tmp_path / "work")
    return {**desk.settings, "TMPDIR": str(tmp_path / "temporary"), "XDG_CACHE_HOME": str(tmp_path / "cache")}


# Interrupts


LIST = ("list", "--region", "all")
# Each signal for one command; then each other command with the two that differ most, which take turns.
READS = [(LIST, kind) for kind in INTERRUPTIONS] + [
    (("export", "--region", "us-east-1,eu-west-1", "-o", "kept.jsonl"), "Ctrl-C twice"),
    (("export", "--format", "parquet", "-o", "kept.jsonl"), "SIGTERM"),
    (("query", "SELECT count(*) FROM inference_experiments"), "Ctrl-C twice"),
    (("get", "fraud"), "SIGTERM"),
    (("watch", "fraud"), "Ctrl-C twice"),
    (("report", "fraud"), "SIGTERM"),
    (("captures", "s3://bucket/captured", "--production", "a", "--shadow", "b"), "Ctrl-C twice"),
]


@pytest.mark.parametrize(("arguments", "kind"), READS)
def test_an_interrupted_read_ends_at_once(settings: dict[str, str], arguments: tuple[str, ...], kind: str) -> None:
    """Also while a region does not answer; an output file stays as it was."""
    signals, group, code = INTERRUPTIONS[kind]
    Path("kept.jsonl").write_text("earlier", encoding="utf-8")
    with impostor(silent=True) as server:
        running = start(*arguments, settings={**settings, "AWS_ENDPOINT_URL": server.url, **_everywhere(server.url)})
        wait_until(lambda: server.requests, running)
        ended = running.interrupt(*signals, group=group)
    assert (ended.returncode, ended.stderr) == (code, INTERRUPTED)
    assert names(Path()) == ["kept.jsonl"]
    assert Path("kept.jsonl").read_text(encoding="utf-8") == "earlier"
    assert names(Path(settings["TMPDIR"])) == []
    assert not [name for name in names(Path(settings["XDG_CACHE_HOME"])) if "part" in name or "unneeded" in name]


def _everywhere(url: str) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL_SAGEMAKER": url, "AWS_ENDPOINT_URL_S3": url}


@pytest.mark.slow
@interrupted
def test_an_interrupted_lint_leaves_no_process(
    settings: dict[str, str], signals: tuple[signal.Signals, ...], *, group: bool, code: int
) -> None:
    _many_templates(40)
    running = start("lint", ".", "--jobs", "2", settings=settings)
    wait_until(lambda: len(group_of(running.process.pid)) > 2, running)
    ended = running.interrupt(*signals, group=group)
    assert (ended.returncode, ended.stderr) == (code, INTERRUPTED)
    assert not [name for name in names(Path(settings["XDG_CACHE_HOME"])) if name.endswith(".new")]


@pytest.mark.slow
def test_the_processes_of_a_killed_lint_end_too(settings: dict[str, str]) -> None:
    _many_templates(40)
    running = start("lint", ".", "--jobs", "2", settings=settings)
    leader = running.process.pid
    wait_until(lambda: len(group_of(leader)) > 2, running)
    os.kill(leader, signal.SIGKILL)
    running.process.wait()
    until = time.monotonic() + 30
    while group_of(leader) and time.monotonic() < until:
        time.sleep(0.05)
    assert not group_of(leader)


def _many_templates(count: int) -> None:
    for number in range(count):
        Path(f"{number}.yaml").write_text(f"{EXAMPLE.read_text(encoding='utf-8')}\n# {number}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "operation", "status"),
    [
        (("create", "-f", "new.json"), "CreateInferenceExperiment", "Creating"),
        (("stop", "fraud", "--yes"), "StopInferenceExperiment", "Stopping"),
        (("delete", "fraud", "--yes"), "StopInferenceExperiment", "Stopping"),
        (("update", "fraud", "--patch", "patch.json"), "UpdateInferenceExperiment", "Updating"),
    ],
    ids=["create", "stop", "delete", "update"],
)
def test_an_interrupted_change_says_what_goes_on(
    desk: Desk, settings: dict[str, str], arguments: tuple[str, ...], operation: str, status: str
) -> None:
    if arguments[0] != "create":
        bring_to(desk)
    desk.sagemaker.durations.update(dict.fromkeys(desk.sagemaker.durations, 3600.0))
    desk.write("new.json", properties())
    desk.write("patch.json", [{"op": "add", "path": "/Description", "value": "changed"}])
    running = start(*arguments, "--interval", "0.05", settings=settings)
    # The call, and then one look at what became of it.
    wait_until(lambda: operation in [call.operation for call in desk.sagemaker.calls][:-1], running)
    time.sleep(0.5)
    ended = running.interrupt(signal.SIGINT)
    last = ended.stderr.splitlines()[-1]
    assert ended.returncode == 130
    assert last.startswith(f"inference-experiment: interrupted; {operation} was called and AWS carries on")
    assert last.endswith("inference-experiment watch fraud")
    assert status in last


def test_an_interrupted_change_that_was_not_made_says_so(desk: Desk, settings: dict[str, str]) -> None:
    bring_to(desk)
    desk.sagemaker.durations.update(dict.fromkeys(desk.sagemaker.durations, 3600.0))
    client = desk.sagemaker.client()
    client.stop_inference_experiment(Name="fraud", ModelVariantActions={"production": "Retain", "shadow": "Remove"})
    desk.sagemaker.clear_calls()
    running = start("delete", "fraud", "--yes", "--interval", "0.05", settings=settings)
    wait_until(lambda: len(desk.sagemaker.calls) > 8, running)
    ended = running.interrupt(signal.SIGINT)
    assert ended.stderr.endswith("inference-experiment: interrupted; nothing was changed\n")


@pytest.mark.slow
@pytest.mark.parametrize(("signals", "code"), [((signal.SIGINT, signal.SIGINT), 130), ((signal.SIGTERM,), 143)])
def test_an_interrupted_demo_leaves_nothing(
    settings: dict[str, str], signals: tuple[signal.Signals, ...], code: int
) -> None:
    running = start("demo", settings=settings)
    wait_until(lambda: "ministack.log" in " ".join(names(Path(settings["TMPDIR"]))), running)
    ended = running.interrupt(*signals, group=False)
    assert (ended.returncode, ended.stderr) == (code, INTERRUPTED)
    assert names(Path(settings["TMPDIR"])) == []


LOST = """
import io, os, signal, sys, time
from inference_experiment_cli.interrupts import Interrupted, note_arrival, raise_on_signals

class Closing(io.IOBase):
    def close(self):
        if not self.closed:
            super().close()
            os.kill(os.getpid(), signal.SIGTERM)

raise_on_signals()
try:
    Closing()
    print("lost", flush=True)
    time.sleep(60)
except Interrupted as interrupt:
    note_arrival()
    sys.exit(interrupt.code)
"""


def test_a_signal_that_python_loses_comes_again() -> None:
    """Python ignores an exception raised while a collected file is closed, so the first one has no effect."""
    ended = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, check=False, timeout=30)
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "lost\n", "")


# Output that fails


def _printing(desk: Desk) -> dict[str, tuple[str, ...]]:
    """Return arguments with which a command prints, for each that does without waiting for long."""
    bring_to(desk)
    desk.write("p.json", properties())
    desk.write("new.json", properties(Name="fraud-2"))
    Path("broken.yaml").write_bytes(next(iter(sorted(BROKEN.glob("fail*.yaml")))).read_bytes())
    Path("t.yaml").write_bytes(EXAMPLE.read_bytes())
    return {
        "lint": ("lint", "broken.yaml"),
        "init": ("init", "--list"),
        "local": ("local", "--help"),
        "policy": ("policy", "generate", "--for", "provider"),
        "export": ("export",),
        "query": ("query", "SELECT * FROM inference_experiments"),
        "validate": ("validate", "broken.yaml"),
        "plan": ("plan", "p.json"),
        "get": ("get", "fraud"),
        "list": ("list", "--full"),
        "watch": ("watch", "fraud"),
        "create": ("create", "-f", "new.json", "--dry-run"),
        "update": ("update", "fraud", "-f", "p.json", "--dry-run"),
        "start": ("start", "fraud", "--dry-run"),
        "stop": ("stop", "fraud", "--dry-run"),
        "delete": ("delete", "fraud", "--dry-run"),
        "manifest": ("manifest", "--properties", "all"),
        "convert": ("convert", "t.yaml", "--to", "native"),
    }


# demo prints while it deploys; captures and report need metrics and captured data, their tests are their own.
PRINTING = sorted(COMMANDS.keys() - {"demo", "captures", "report"})


@pytest.mark.parametrize("command", [*PRINTING, "--help", "--version"])
def test_output_that_nobody_reads_or_that_cannot_be_written(desk: Desk, settings: dict[str, str], command: str) -> None:
    """A closed pipe is no failure; neither is a closed descriptor. A full disk is one line."""
    arguments = _printing(desk).get(command, (command,))
    unread = shell('"$@" | true; exit "${PIPESTATUS[0]}"', *arguments, settings=settings)
    assert unread.returncode == 0
    closed = shell('"$@" >&-', *arguments, settings=settings)
    assert closed.returncode == run(*arguments, settings=settings).returncode, closed.stderr
    full = shell('"$@" >/dev/full', *arguments, settings=settings)
    assert full.returncode == 4
    last = full.stderr.splitlines()[-1]
    assert last == "inference-experiment: standard output cannot be written: No space left on device"
    for ended in (unread, closed, full):
        assert "Traceback" not in ended.stderr, ended.stderr
        assert "Exception ignored" not in ended.stderr, ended.stderr


@pytest.mark.slow
def test_a_run_goes_on_where_standard_error_cannot_be_written(desk: Desk, settings: dict[str, str]) -> None:
    """A change must not stop halfway because its messages cannot be written."""
    desk.write("new.json", properties())
    create = ("create", "-f", "new.json", "--interval", "0.02")
    assert shell('"$@" 2>/dev/full', *create, settings=settings).returncode == 0
    assert (
        shell('"$@" 2>&1 | true; exit "${PIPESTATUS[0]}"', "delete", "fraud", "--yes", settings=settings).returncode
        == 0
    )
    assert desk.changes()[-1] == "DeleteInferenceExperiment"


def test_the_help_of_a_command_can_be_cut_off(settings: dict[str, str]) -> None:
    for command in ("list", "policy", "lint"):
        ended = shell('"$@" --help | true; exit "${PIPESTATUS[0]}"', command, settings=settings)
        assert (ended.returncode, ended.stderr) == (0, "")


WRITING = {
    "export": ("export", "-o"),
    "parquet": ("export", "--format", "parquet", "-o"),
    "convert": ("convert", "t.yaml", "--to", "native", "-o"),
    "lint": ("lint", "broken.yaml", "--output-file"),
}
writing = pytest.mark.parametrize("arguments", WRITING.values(), ids=WRITING)


@writing
@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("missing/file", "No such file or directory"),
        ("folder", "Is a directory"),
        ("t.yaml/file", "Not a directory"),
        ("read-only/file", "Permission denied"),
        ("read-only-file", "Permission denied"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_line(
    desk: Desk, settings: dict[str, str], arguments: tuple[str, ...], target: str, reason: str
) -> None:
    _printing(desk)
    Path("folder").mkdir()
    Path("read-only").mkdir(mode=0o500)
    Path("read-only-file").write_text("earlier", encoding="utf-8")
    Path("read-only-file").chmod(0o400)
    # The superuser may write everywhere, unless it has given that up.
    unprivileged = "setpriv --bounding-set=-all --inh-caps=-all " if os.geteuid() == 0 else ""
    ended = shell(f'{unprivileged}"$@"', *arguments, target, settings=settings)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == f"inference-experiment: {target}: cannot be written: {reason}"


@writing
def test_a_file_on_a_full_disk_stays_as_it_was(
    desk: Desk, settings: dict[str, str], arguments: tuple[str, ...]
) -> None:
    _printing(desk)
    Path("kept").write_text("earlier", encoding="utf-8")
    before = names(Path())
    running = start(*arguments, "kept", settings=settings, preexec_fn=_full_disk)
    ended = running.wait()
    assert ended.returncode == 2, ended.stderr
    assert "kept: cannot be written: " in ended.stderr.splitlines()[-1]
    assert Path("kept").read_text(encoding="utf-8") == "earlier"
    assert names(Path()) == before


def _full_disk() -> None:
    """Let no file grow, as on a disk without space."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_output_to_a_device_a_link_and_a_mode(desk: Desk, settings: dict[str, str]) -> None:
    """A device is not replaced by a file, a link stays a link, and a file keeps its mode."""
    _printing(desk)
    Path("file").touch(mode=0o640)
    Path("link").symlink_to("file")
    written = run("convert", "t.yaml", "--to", "native", settings=settings).stdout
    convert = ("convert", "t.yaml", "--to", "native", "-o")
    assert shell('"$@"', *convert, "/dev/stdout", settings=settings).stdout == written
    assert run(*convert, "-", settings=settings).stdout == written
    assert shell('"$@" > >(cat)', *convert, "/dev/fd/1", settings=settings).stdout == written
    assert run(*convert, "/dev/null", settings=settings).returncode == 0
    assert Path("/dev/null").is_char_device()
    assert run(*convert, "link", settings=settings).returncode == 0
    assert Path("link").is_symlink()
    assert Path("file").read_text(encoding="utf-8") == written
    assert Path("file").stat().st_mode & 0o777 == 0o640


@pytest.mark.slow
def test_lint_goes_on_without_a_cache_that_cannot_be_written(desk: Desk, settings: dict[str, str]) -> None:
    _printing(desk)
    expected = run("lint", "broken.yaml", "--no-cache", settings=settings)
    full = start("lint", "broken.yaml", settings=settings, preexec_fn=_full_disk).wait()
    assert (full.returncode, full.stdout, full.stderr) == (expected.returncode, expected.stdout, expected.stderr)
    assert not [each for each in Path(settings["XDG_CACHE_HOME"]).rglob("*") if each.suffix in {".new", ".json"}]
    Path("no-folder").touch()
    blocked = run("lint", "broken.yaml", "--cache-dir", "no-folder/cache", settings=settings)
    assert (blocked.returncode, blocked.stdout) == (expected.returncode, expected.stdout)


@pytest.mark.slow
def test_two_runs_share_a_cache(desk: Desk, settings: dict[str, str]) -> None:
    _printing(desk)
    both = [start("lint", "broken.yaml", settings=settings) for _ in range(2)]
    first, second = (each.wait() for each in both)
    assert first == second
    assert first.returncode == 2
    assert not [name for name in names(Path(settings["XDG_CACHE_HOME"])) if name.endswith(".new")]


# Input


def _broken() -> bytes:
    return (BROKEN / "fail-condition.yaml").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "name"),
    [
        ('"$@" -', "<stdin>"),
        ('"$@" --only-experiments -', "<stdin>"),
        ('"$@" /dev/stdin', "/dev/stdin"),
        ('"$@" --jobs 2 - other.yaml', "<stdin>"),
        ('"$@" <(cat broken.yaml)', "/dev/fd/"),
        ('"$@" --only-experiments <(cat broken.yaml)', "/dev/fd/"),
        ('mkfifo pipe; cat broken.yaml > pipe & "$@" pipe', "pipe"),
        ('cp broken.yaml ./-t.yaml; "$@" -- -t.yaml', "-t.yaml"),
        ('cp broken.yaml ./-t.yaml; "$@" ./-t.yaml', "-t.yaml"),
        ('mkdir in; cp broken.yaml in/-t.yaml; "$@" in', "in/-t.yaml"),
        ('mkdir in; cd in; cp ../broken.yaml ./-t.yaml; "$@"', "-t.yaml"),
        ("cp broken.yaml $'caf\\xe9.yaml'; \"$@\" caf*", r"caf\udce9.yaml"),
        ('cp broken.yaml "a[b]*.yaml"; "$@" "a[b]*.yaml"', "a[b]*.yaml"),
        ('mkdir folder.yaml; cp broken.yaml folder.yaml/t.yaml; "$@" folder.yaml', "folder.yaml/t.yaml"),
    ],
)
def test_lint_reads_what_a_shell_gives(settings: dict[str, str], script: str, name: str) -> None:
    """Standard input, pipes, and names that look like an option, a pattern or nothing in UTF-8."""
    Path("broken.yaml").write_bytes(_broken())
    Path("other.yaml").write_bytes(EXAMPLE.read_bytes())
    for _ in ("fresh", "cached"):
        ended = shell(f"rm -rf in pipe folder.yaml; {script}", "lint", settings=settings, stdin=_broken())
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
        assert "E9502" in ended.stdout
        assert name in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "-"),
        ("validate", "/dev/stdin"),
        ("plan", "-"),
        ("convert", "-", "--to", "custom"),
        ("create", "--dry-run", "-f", "-"),
        ("lint", "-"),
    ],
    ids=" ".join,
)
def test_commands_read_standard_input(settings: dict[str, str], arguments: tuple[str, ...]) -> None:
    native = {"Resources": {"A": {"Type": "AWS::SageMaker::InferenceExperiment", "Properties": properties()}}}
    data = json.dumps(native).encode()
    assert shell('"$@"', *arguments, settings=settings, stdin=data).returncode in (0, 4)
    empty = shell('"$@" </dev/null', *arguments, settings=settings)
    closed = shell('"$@" <&-', *arguments, settings=settings)
    assert empty.returncode == closed.returncode != 0
    assert "Traceback" not in empty.stderr + closed.stderr


CONTENTS: dict[str, bytes] = {
    "latin-1": b"Resources:\n  A:\n    Type: AWS::S3::Bucket\n    # caf\xe9\n",
    "UTF-16": "Resources: {}\n".encode("utf-16"),
    "a null byte": b"Resources: {}\n\0",
    "nothing": b"",
    "half a character": b'{"Description": "\\ud800", "Resources": {"A\\udfff": {"Type": "AWS::S3::Bucket"}}}',
    "half a character in YAML": b'Description: "\\ud800"\nResources: {}\n',
    "deep JSON": b'{"Resources":' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"}",
    "deep YAML": b"Resources: " + b"[" * 3000 + b"]" * 3000,
    "a huge number": b'{"Resources": {"A": {"Type": "AWS::S3::Bucket", "Properties": {"B": ' + b"9" * 5000 + b"}}}}",
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_odd_content_is_a_finding_or_one_line(settings: dict[str, str], content: bytes) -> None:
    Path("t.yaml").write_bytes(content)
    linted = run("lint", "t.yaml", settings=settings)
    assert linted.returncode == 2
    assert re.fullmatch(r"1 template, \d experiments?: [^\n]*\n", linted.stderr)
    assert "t.yaml:" in linted.stdout
    assert "{filename}" not in linted.stdout
    for arguments in (("validate", "t.yaml"), ("plan", "t.yaml"), ("policy", "check", "t.yaml", "--for", "provider")):
        ended = run(*arguments, settings=settings)
        assert ended.returncode in (1, 2), ended.stderr
        assert ended.stderr.count("\n") == 1, ended.stderr


def test_a_byte_order_mark_is_no_content(settings: dict[str, str]) -> None:
    Path("t.yaml").write_bytes(b"\xef\xbb\xbf" + _broken())
    assert "E9502" in run("lint", "t.yaml", settings=settings).stdout
    assert run("validate", "t.yaml", settings=settings).returncode == 1


@pytest.mark.parametrize("name", ["folder", "loop", "missing", "file/below"])
def test_what_is_no_file_is_one_line(settings: dict[str, str], name: str) -> None:
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    Path("file").touch()
    for arguments in (("validate", name), ("plan", name), ("policy", "check", name, "--for", "provider")):
        assert_one_line(run(*arguments, settings=settings), 2, f"{name}: ")
    if name != "folder":
        assert_one_line(run("lint", name, settings=settings), 2, f"{name}: ")


@pytest.mark.slow
def test_a_template_that_vanishes_is_a_finding(settings: dict[str, str]) -> None:
    """Those after it are linted all the same."""
    _many_templates(12)
    Path("5.yaml").write_bytes(_broken())
    running = start("lint", ".", "--jobs", "1", settings=settings)
    wait_until(lambda: len(names(Path(settings["XDG_CACHE_HOME"]))) > 3, running)  # it has begun
    Path("9.yaml").unlink()
    ended = running.wait()
    assert ended.returncode == 2
    assert "Template file not found: 9.yaml" in ended.stdout
    assert "E9502" in ended.stdout


# Environment


@pytest.mark.slow
def test_a_user_without_home_and_name(settings: dict[str, str]) -> None:
    """As in a container with an arbitrary user ID. Only the lookup in /etc/passwd is replaced."""
    Path("broken.yaml").write_bytes(_broken())
    code = (
        "import pwd, sys\n"
        "def unknown(*_): raise KeyError\n"
        "pwd.getpwuid = unknown\n"
        "from inference_experiment_cli.__main__ import run\n"
        "run()"
    )
    known = {key: value for key, value in settings.items() if key != "XDG_CACHE_HOME"}
    for arguments, expected in ((("lint", "broken.yaml"), 2), (("list",), 0)):
        ended = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={"PATH": os.environ["PATH"], **known},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ended.returncode == expected, ended.stderr


@pytest.mark.parametrize(
    ("region", "nearest"),
    [("us-esat-1", "us-east-1"), ("EU-WEST-1", "eu-west-1"), ("eu_west_1", "eu-west-1"), ("ue-west-1", "eu-west-1")],
)
def test_a_misspelt_region_names_the_nearest(settings: dict[str, str], region: str, nearest: str) -> None:
    text = f"{region}: no such region; did you mean {nearest}?"
    for arguments in (("list",), ("get", "fraud"), ("watch", "fraud"), ("query", "FROM inference_experiments")):
        assert_one_line(run(*arguments, "--region", region, settings=settings), 2, f"--region {text}")
    assert_one_line(run("list", settings={**settings, "AWS_REGION": region}), 2, f"AWS_REGION {text}")


def test_a_region_that_boto3_does_not_know_yet_is_tried(settings: dict[str, str]) -> None:
    assert run("list", "--region", "eu-north-7", settings=settings).returncode == 0


ANSWERS: dict[str, tuple[bytes, int, str, str]] = {
    "a portal": (PAGE, 200, "text/html", 'an HTML page ("Sign in") and HTTP status 200'),
    "a portal that redirects": (PAGE, 302, "text/html", "HTTP status 302"),
    "a proxy that refuses": (PAGE, 403, "text/html", "HTTP status 403"),
    "a proxy without AWS": (b"<html><head><title>502</title></head></html>", 502, "text/html", "502"),
    "nothing": (b"", 200, "application/json", "the endpoint answered with nothing"),
    "half an answer": (b'{"InferenceExp', 200, "application/json", "text that is not JSON"),
    "a list": (b"[]", 200, "application/json", "JSON that is not an object"),
    "another server": (b'{"error": "log in"}', 200, "application/json", "JSON of something else"),
}


@pytest.mark.parametrize(
    "arguments", [("list",), ("export",), ("get", "fraud"), ("watch", "fraud"), ("report", "fraud")]
)
@pytest.mark.parametrize(("body", "status", "kind", "words"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_not_awss_is_no_result(
    settings: dict[str, str], arguments: tuple[str, ...], body: bytes, status: int, kind: str, words: str
) -> None:
    with impostor(body, status, kind) as server:
        ended = run(*arguments, settings={**settings, **_everywhere(server.url)})
    assert ended.returncode == 4
    assert words in _last_line(ended)
    assert "<html" not in ended.stderr


def _last_line(ended: Finished) -> str:
    line = ended.stderr.splitlines()[-1]
    assert line.startswith("inference-experiment: ")
    return line


CONFIGURATIONS: dict[str, tuple[dict[str, str], int, str]] = {
    "refused": ({"AWS_ENDPOINT_URL_SAGEMAKER": "http://127.0.0.1:9"}, 4, "Could not connect"),
    "no URL": ({"AWS_ENDPOINT_URL_SAGEMAKER": "localhost"}, 2, "Invalid endpoint: localhost"),
    "no such profile": ({"AWS_PROFILE": "nowhere"}, 2, "The config profile (nowhere) could not be found"),
    "half a key": ({"AWS_SECRET_ACCESS_KEY": ""}, 2, "AWS_SECRET_ACCESS_KEY"),
    "broken file": ({"AWS_CONFIG_FILE": "config"}, 2, "Unable to parse config file: config"),
    "no credentials": ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, 4, "no AWS credentials"),
    "no proxy": ({"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}, 4, "proxy"),
}


@pytest.mark.parametrize(("changes", "code", "words"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
@pytest.mark.parametrize("arguments", [("list",), ("get", "fraud")], ids=" ".join)
def test_a_wrong_configuration_is_one_line(
    settings: dict[str, str], arguments: tuple[str, ...], changes: dict[str, str], code: int, words: str
) -> None:
    Path("config").write_text("[default\nregion =", encoding="utf-8")
    assert_one_line(run(*arguments, settings={**settings, **changes}), code, words)


def test_a_server_without_tls_is_one_line(desk: Desk, settings: dict[str, str]) -> None:
    changed = {**settings, "AWS_ENDPOINT_URL_SAGEMAKER": desk.sagemaker.url.replace("http:", "https:")}
    assert_one_line(run("get", "fraud", settings=changed), 4, "SSL")


def test_credentials_that_have_expired_are_one_line(settings: dict[str, str]) -> None:
    body = b'{"__type": "ExpiredTokenException", "message": "The security token included in the request is expired"}'
    with impostor(body, 400, "application/x-amz-json-1.1") as server:
        ended = run("list", settings={**settings, **_everywhere(server.url)})
    assert ended.returncode == 4
    assert "expired (ExpiredTokenException)" in _last_line(ended)


# Patterns


@pytest.mark.parametrize(
    "line",
    ["# iam-policy: ignore a" + " " * 200_000 + "!", "# iam-policy: ignore a!" * 10_000, "#" * 200_000],
    ids=["spaces", "comments", "marks"],
)
def test_a_long_line_is_searched_for_suppressions_once(line: str) -> None:
    """By a pattern that is not linear each of these takes minutes."""
    assert unknown_kinds(line) == ()
    assert unknown_kinds(f"# iam-policy: ignore b - reason {line}") == ("b",)
