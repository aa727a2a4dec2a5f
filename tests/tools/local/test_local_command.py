"""inference-experiment local: a local AWS that stays, keeps its data whatever happens to it, and leaves nothing."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import boto3
import pytest
from command_line import COMMAND, assert_one_line, run
from local_aws import LocalAws, exported, wait_until

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.local.place import default_path
from inference_experiment_cli.local.run import seconds_of
from inference_experiment_local.state_folder import CONTENT

pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).parent / "fixtures"
FOREIGN_ENVIRONMENT = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "secret",
    "AWS_ENDPOINT_URL_S3": "https://example.com",
    "HTTPS_PROXY": "http://proxy.example.com",
    "NO_PROXY": "example.com",
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS that runs; a space in its path."""
    local = LocalAws(tmp_path_factory.mktemp("a place") / "state")
    yield local
    local.ok("stop")
    assert local.processes() == []


@pytest.fixture
def local(shared: LocalAws) -> LocalAws:
    """It runs and is empty."""
    if shared.folder.running() is None:
        shared.ok("start")
    else:
        shared.ok("reset")
    return shared


@pytest.fixture
def stopped(tmp_path: Path) -> LocalAws:
    """A folder of its own that has not been used yet."""
    return LocalAws(tmp_path / "state")


def test_two_starts_at_once_are_one(stopped: LocalAws) -> None:
    command = [COMMAND, "local", "start", "--state", str(stopped.path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [each.communicate(timeout=120) for each in both]

    assert [each.returncode for each in both] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]
    assert sum("is ready at" in stderr for _, stderr in outputs) == 1
    assert sum("inference_experiment_local.server" in each for each in stopped.processes()) == 1
    assert exported(outputs[0][0]) == stopped.exports()

    assert "stopped" in stopped.ok("stop").stderr
    assert stopped.processes() == []
    assert {each.name for each in stopped.path.iterdir()} <= {*CONTENT, "lock"}
    assert not (stopped.path / "run").exists()
    assert "no local AWS runs" in stopped.ok("stop").stderr


def test_any_client_finds_it(local: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the exports, by an env file, by its own configuration file, and by a profile in the user's."""
    env_file, config = tmp_path / "local.env", tmp_path / "config"
    config.write_text("[profile mine]\nregion = eu-west-1")
    settings = {"AWS_CONFIG_FILE": str(config)}
    started = local.run("start", "--env-file", str(env_file), "--write-profile", "shadow", **settings)
    assert started.returncode == 0, started.stderr
    exports = exported(started.stdout)

    pairs = dict(line.split("=", 1) for line in env_file.read_text().splitlines())
    assert pairs == exports
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for file, profile in ((config, "shadow"), (local.folder.config_file, "local"), (local.folder.config_file, None)):
        monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
        session = boto3.Session(profile_name=profile)
        assert session.client("sts").get_caller_identity()["Account"] == "123456789012"
        assert session.client("sagemaker").list_inference_experiments()["InferenceExperiments"] == []
    assert config.read_text().startswith("[profile mine]\nregion = eu-west-1\n\n[profile shadow]\n")

    once = config.read_text()
    local.run("start", "--write-profile", "shadow", **settings)
    assert config.read_text() == once
    refused = local.run("start", "--write-profile", "mine", **settings)
    assert_one_line(refused, 2, "has a profile mine already")
    assert_one_line(local.run("start", "--write-profile", "a]b", **settings), 2, "not a name of a profile")


def test_what_would_disturb_is_unset(local: LocalAws) -> None:
    *exports, unset = local.run("start", **FOREIGN_ENVIRONMENT).stdout.splitlines()
    assert unset == "unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL_S3"
    assert exported("\n".join(exports))["NO_PROXY"] == "example.com,localhost,127.0.0.1"


def test_status(local: LocalAws, stopped: LocalAws) -> None:
    local.seed()
    value = local.ok("status", "--format", "json").data()
    assert value["status"] == "running"
    assert value["url"] == local.exports()["AWS_ENDPOINT_URL"]
    assert list(value["experiments"]) == ["test"]

    finished = stopped.run("status", "--format", "json")
    assert finished.returncode == 1
    assert finished.data() == {"status": "stopped", "state": str(stopped.path)}
    assert not stopped.path.exists()


def picture(local: LocalAws) -> object:
    """Return what has to be the same after a new start."""
    sagemaker = local.client("sagemaker")
    described = sagemaker.describe_inference_experiment(Name="test")
    endpoint = sagemaker.describe_endpoint(EndpointName="test")
    stacks = local.client("cloudformation").describe_stacks()["Stacks"]
    body = local.client("s3").get_object(Bucket="kept", Key="a/b")["Body"].read()
    for each in (described, endpoint):
        del each["ResponseMetadata"]
    return described, endpoint, stacks, body


def test_data_are_kept_by_a_stop_and_by_any_killed_process(local: LocalAws, tmp_path: Path) -> None:
    template = tmp_path / "topic.yaml"
    template.write_text("Resources: {Topic: {Type: AWS::SNS::Topic}}\nOutputs: {Arn: {Value: !Ref Topic}}\n")
    local.seed()
    s3 = local.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="a/b", Body=b"content")
    assert "arn:aws:sns:" in local.ok("deploy", "topics", str(template)).stdout
    local.ok("stop")
    exports = local.exports()
    before = picture(local)

    running = local.folder.running()
    assert running is not None
    local.kill(running.process)
    status = local.run("status")
    assert (status.returncode, f"process {running.process} was killed" in status.stdout) == (1, True)
    assert_one_line(local.run("advance", "1h"), 1, "no local AWS runs with", "inference-experiment local start")
    assert local.processes() == []
    assert local.exports() == exports
    assert picture(local) == before

    local.kill(local.ministack())
    assert local.exports() == exports
    assert picture(local) == before
    assert "ministack has ended" in local.folder.log_file.read_text()
    local.ok("delete", "topics")


def test_an_interrupted_stack_can_be_deleted(local: LocalAws, tmp_path: Path) -> None:
    template = tmp_path / "wait.yaml"
    template.write_text(
        "Resources:\n  Handle: {Type: AWS::CloudFormation::WaitConditionHandle}\n"
        "  Wait: {Type: AWS::CloudFormation::WaitCondition, Properties: {Handle: !Ref Handle, Timeout: '600'}}\n"
    )
    local.client("cloudformation").create_stack(StackName="waits", TemplateBody=template.read_text())
    local.ok("stop")
    local.ok("start")

    stack = local.client("cloudformation").describe_stacks(StackName="waits")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_FAILED"
    local.ok("delete", "waits")
    assert local.client("cloudformation").describe_stacks()["Stacks"] == []


def test_the_clock_of_all_parts_moves(local: LocalAws) -> None:
    """An experiment ends by its schedule, has metrics until then, and a report can be made of them."""
    local.seed(shadow={"LOCAL_AWS_LATENCY_MS": "90"})
    assert "no experiment has changed" in local.ok("advance", "2h").stderr
    report = local.command("report", "test", "--check")
    assert report.returncode == 1
    assert "Keep production" in report.stdout
    assert "missed   Average ModelLatency" in report.stdout

    changed = local.ok("advance", "P8D", "--format", "json").data()
    assert changed == [{"name": "test", "from": "Running", "to": "Completed"}]
    local.ok("stop")
    local.ok("start")
    again = local.ok("status", "--format", "json").data()
    assert again["experiments"] == {"test": "Completed"}
    described = local.client("sagemaker").describe_inference_experiment(Name="test")
    assert again["clock"][:10] > described["CompletionTime"].strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("2 H", 7200), ("1d12h", 129_600), ("1w", 604_800), ("PT1H30M", 5400)],
)
def test_durations(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "h", "2", "1.5h", "P1M", "2h30", "0s", "367d", "tomorrow"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError):
        seconds_of(text)


def test_reset(local: LocalAws, stopped: LocalAws) -> None:
    """One that runs is empty and has its address; a folder is emptied of what is its own, and of nothing else."""
    exports, certificate = local.exports(), local.folder.ca_file.read_bytes()
    local.seed()
    local.ok("advance", "1h")
    assert "is empty" in local.ok("reset").stderr
    assert local.client("sagemaker").list_models()["Models"] == []
    assert local.exports() == exports
    assert local.folder.ca_file.read_bytes() == certificate

    stopped.folder.make()
    (stopped.path / "ministack").mkdir()
    (stopped.path / "notes.txt").touch()
    stopped.ok("reset")
    assert [each.name for each in stopped.path.iterdir()] == ["notes.txt"]


def test_what_cannot_be_used_is_one_line(local: LocalAws, stopped: LocalAws, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        assert_one_line(stopped.run("start", "--port", port), 2, f"port {port} cannot be used", "--port")
        assert_one_line(stopped.run("start", "--foreground", "--port", port), 2, f"port {port} cannot be used")
        assert_one_line(local.run("start", "--port", port), 2, f"--port {port}: the local AWS runs at", "local stop")
    assert_one_line(local.run("start", "--foreground"), 2, "a local AWS runs with", "local stop")
    assert_one_line(local.run("demo-unknown"), 2, "demo-unknown")
    (tmp_path / "file").touch()
    assert_one_line(stopped.run("start", "--state", str(tmp_path / "file")), 2, "file: is not a folder")
    assert_one_line(stopped.run("start", "--state", str(tmp_path / "file" / "in")), 4, "cannot be used as state folder")
    assert stopped.processes() == []


def test_demo_does_not_touch_one_that_runs(local: LocalAws) -> None:
    assert_one_line(run("demo", "--keep", settings=local.settings), 2, "a local AWS runs already")


def test_the_folder_without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_path() == tmp_path / "inference-experiment" / "local"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".local" / "state" / "inference-experiment" / "local"

    def nowhere() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", nowhere)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert default_path().name == "local"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_in_the_foreground_a_signal_ends_it(stopped: LocalAws, number: signal.Signals) -> None:
    """Two signals in a row; the data are there at the next start."""

    def use_and_end() -> None:
        wait_until(lambda: stopped.folder.running() is not None)
        stopped.seed()
        for _ in range(2):
            os.kill(os.getpid(), number)

    user = threading.Thread(target=use_and_end)
    user.start()
    finished = stopped.run("start", "--foreground")
    user.join()

    assert finished.returncode == 0, finished.stderr
    assert "AWS_ENDPOINT_URL" in exported(finished.stdout)
    assert "the data are kept in" in finished.stderr
    assert stopped.processes() == []
    assert '"CreateInferenceExperiment"' in (stopped.path / "sagemaker.jsonl").read_text()
    if number == signal.SIGINT:
        stopped.ok("start")
        assert stopped.ok("status", "--format", "json").data()["experiments"]
        stopped.ok("stop")
