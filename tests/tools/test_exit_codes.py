"""The same mistake is the same line and the same exit code in every command (design: command line conventions)."""

import pytest
from command_line import assert_one_line, run
from desk import Desk
from desk_files import bring_to, properties

from inference_experiment.errors import ExperimentError
from inference_experiment_cli.errors import (
    CommandError,
    ExitCode,
    NotPossibleError,
    Place,
    ServiceError,
    UndecidedError,
    UsageError,
    describe,
)

READERS = [
    ("validate", "nowhere.yaml"),
    ("plan", "nowhere.yaml"),
    ("plan", "p.json", "--previous", "nowhere.yaml"),
    ("convert", "nowhere.yaml", "--to", "custom"),
    ("lint", "nowhere.yaml"),
    ("policy", "check", "nowhere.yaml", "--for", "provider"),
    ("lint", "-t", "nowhere.yaml"),
    ("lint", "p.json", "--config-file", "nowhere.yaml"),
    ("lint", "p.json", "--custom-rules", "nowhere.yaml"),
    ("lint", "p.json", "--override-spec", "nowhere.yaml"),
    ("lint", "p.json", "--registry-schemas", "nowhere.yaml"),
    ("demo", "--template", "nowhere.yaml"),
    ("demo", "--example", "nowhere.yaml"),
    ("plan", "p.json", "--parameter-file", "nowhere.yaml"),
    ("policy", "diff", "nowhere.yaml", "--for", "provider"),
    ("policy", "explain", "iam:PassRole", "*", "nowhere.yaml"),
    ("create", "-f", "nowhere.yaml"),
    ("update", "fraud", "-f", "nowhere.yaml"),
    ("update", "fraud", "--patch", "nowhere.yaml"),
]


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_a_missing_file(desk: Desk, arguments: tuple[str, ...]) -> None:
    if arguments[0] == "update":
        bring_to(desk)
    desk.write("p.json", properties())
    assert desk.refused(2, *arguments) == "nowhere.yaml: no such file"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("vlidate",), "vlidate: no such command; did you mean validate?"),
        (("validate", "--odd", "x"), "--odd: no such option"),
        (("plan",), "missing argument FILE"),
        (("list", "--format", "xml"), "--format xml: choose table, json, yaml or csv"),
        (("policy", "chek"), "chek: no such command; did you mean check?"),
        (("list", "--regoin", "eu-west-1"), "--regoin: no such option; did you mean --region?"),
        (("list", "-q"), "-q: no such option"),
        (("list", "--status", "Runing"), "Completed or Cancelled; did you mean Running?"),
        (("list", "--format"), "--format: needs a value; choose table, json, yaml or csv"),
        (("list", "--profile"), "--profile: needs a value: NAME"),
        (("list", "--full=yes"), "--full: takes no value"),
        (("plan", "a.yaml", "b.yaml"), "unexpected argument: b.yaml"),
        (("get",), "missing argument NAME"),
        (("policy", "check", "role.json"), "missing option --for; choose provider, experiment or deployer"),
        (("watch", "fraud", "--timeout", "soon"), "--timeout soon: must be a number, at least 1"),
        (("watch", "fraud", "--timeout", "0"), "--timeout 0: must be a number, at least 1"),
        (("plan", "-t", "a.yaml"), "-t: no such option; write FILE without an option"),
        (("policy", "check", "-f", "a.json"), "-f: no such option; write FILE without an option"),
        (("lint", "--jobs", "1.5"), "--jobs 1.5: must be a whole number, at least 0"),
        (("demo", "--port", "70000"), "--port 70000: must be a whole number, at least 1 and at most 65535"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], words: str) -> None:
    assert_one_line(run(*arguments), 2, words, "--help")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("list", "--full", "--identifiers"), "pass --full or --identifiers, not both"),
        (("stop", "fraud", "--promote", "--retain"), "pass --promote, --retain or --remove, not several"),
        (("report", "fraud", "--trial"), "pass NAME or --trial, not both"),
        (("report",), "pass NAME or --trial"),
        (("plan", "a.yaml", "--current", "a", "--previous", "b.yaml"), "pass --current or --previous, not both"),
        (("lint", "-x", "E1001"), "--configure-rule E1001: write it as RULE:KEY=VALUE"),
    ],
)
def test_options_that_exclude_each_other(desk: Desk, arguments: tuple[str, ...], message: str) -> None:
    assert desk.refused(2, *arguments) == message


EXPERIMENTS = [
    ("get",),
    ("watch",),
    ("report",),
    ("update", "--patch", "patch.json"),
    ("start",),
    ("stop",),
    ("delete",),
    ("manifest", "--from"),
    ("plan", "p.json", "--current"),
]


@pytest.mark.parametrize("arguments", EXPERIMENTS, ids=" ".join)
def test_an_unknown_experiment(desk: Desk, arguments: tuple[str, ...]) -> None:
    desk.write("p.json", properties())
    desk.write("patch.json", [])
    place = arguments if arguments[-1] in {"--from", "--current"} else arguments[:1]
    words = (*place, "nothing", *arguments[len(place) :])
    assert desk.refused(1, *words) == "no experiment nothing in us-east-1"


@pytest.mark.parametrize("arguments", [*EXPERIMENTS, ("list",), ("export",)], ids=" ".join)
def test_no_region(desk: Desk, arguments: tuple[str, ...]) -> None:
    desk.write("p.json", properties())
    desk.write("patch.json", [])
    del desk.settings["AWS_REGION"]
    name = () if arguments[0] in {"list", "export"} else ("nothing",)
    place = arguments if arguments[-1] in {"--from", "--current"} else arguments[:1]
    words = (*place, *name, *arguments[len(place) :])
    assert desk.refused(2, *words) == "no region: pass --region or set AWS_REGION"


def test_every_error_has_a_code_and_a_line() -> None:
    """Also those of the function, whose classes say whether AWS failed or the answer is no."""
    for kind in (NotPossibleError, UsageError, UndecidedError, ServiceError):
        assert describe(kind("text", Place("file", 3, "Tags/0"))) == [(kind.code, "file:3: Tags/0: text")]
    codes = {
        kind.__name__: (describe(kind("a", "b") if kind.__name__ == "AccessDenied" else kind("a")) or [(None, "")])[0][
            0
        ]
        for kind in ExperimentError.__subclasses__()
        if kind.__name__ != "InvalidProperties"
    }
    outside = {name for name, code in codes.items() if code is ExitCode.OUTSIDE}
    assert outside == {"AccessDenied", "LimitExceeded", "Refused", "Throttled", "Unavailable"}
    assert {code for name, code in codes.items() if name not in outside} == {ExitCode.NO}
    assert describe(ValueError("a defect")) is None
    several: ExceptionGroup[CommandError] = ExceptionGroup("", [UsageError("a"), ServiceError("b")])
    assert describe(several) == [(ExitCode.USAGE, "a"), (ExitCode.OUTSIDE, "b")]
