"""On a terminal: every line fits, values are shown and not obeyed; elsewhere nothing is wrapped, cut or escaped."""

import csv
import io
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from captured_lines import PRODUCTION, SHADOW, line, write
from command_line import COMMAND, environment_of, run, run_process
from desk import EXAMPLE, ROOT, Desk
from desk_files import bring_to, properties, sampling
from pty_session import Screen, run_on_terminal
from rich.cells import cell_len

from inference_experiment_cli import main as cli
from inference_experiment_cli.csv_rows import guarded
from inference_experiment_cli.table import layout
from inference_experiment_cli.terminal import fold, one_line, visible, wrap

# Clears the screen, sets its title, goes to the start of the line, turns the direction of text round.
HOSTILE = "\x1b[2J\x1b]0;owned\x07\rover\x9b31m\u202egnp [b]b[/b] :smile:"
SHOWN = r"\x1b[2J\x1b]0;owned\x07\rover\x9b31m\u202egnp [b]b[/b] :smile:"
LONG = "fraud-" + "x" * 57
FORMULA = "=cmd|' /C calc'!A0"
BROKEN = str(ROOT / "examples" / "broken" / "shadow-test.yaml")
QUICK = ("--interval", "0.05")
# What is a document: its lines are the user's own, or one for each record or value.
DOCUMENTS = {"convert", "export", "generate", "--from", "json", "yaml"}
MARKUP = re.compile(r"\[/?(progress[.\w]*|bold|dim|green|red|yellow|cyan)\b")
# Runs of each command, in a folder with the files of `_files`; `fraud` runs, and LONG is Created.
RUNS: dict[str, list[tuple[str, ...]]] = {
    "lint": [("broken.yaml",), ("broken.yaml", "--format", "pretty")],
    "policy": [
        ("check", "role.json", "--for", "provider"),
        ("check", "dump.json", "--for", "provider", "--all-roles"),
        ("diff", "role.json", "--for", "provider"),
        ("explain", "sagemaker:CreateInferenceExperiment", "*", "role.json"),
        ("generate", "--for", "provider"),
    ],
    "query": [
        ("SELECT * FROM inference_experiments",),
    ],
    "captures": [("captured", "--production", PRODUCTION, "--shadow", SHADOW, "--min-agreement", "99%")],
    "report": [("--trial",)],
    "validate": [("broken.json",)],
    "plan": [("changed.json", "--current", "fraud"), ("broken.json",)],
    "get": [("fraud",), ("fraud", "--format", "json"), ("fraud", "--format", "yaml")],
    "list": [(), ("--full",), ("--created-after", HOSTILE)],
    "watch": [("fraud", *QUICK)],
    "create": [("-f", "new.json", *QUICK)],
    "update": [("fraud", "--patch", "patch.json", *QUICK)],
    "start": [(LONG, "--dry-run"), ("fraud",)],
    "stop": [("fraud", "--reason", HOSTILE, "--yes", *QUICK)],
    "delete": [("fraud", "--dry-run")],
    "manifest": [("--properties", "all"), ("--from", "fraud")],
    "convert": [("ok.yaml", "--to", "native")],
    "export": [(), ("--format", "csv")],
    "demo": [()],
    "init": [("--list",), ("project", "--example", "shadow-test")],
    "local": [
        ("status", "--state", "state"),
        ("advance", "2h", "--state", "state"),
        ("deploy", "shop", "missing.yaml", "--state", "state"),
    ],
}


def _files(desk: Desk) -> None:
    Path("ok.yaml").write_text(EXAMPLE.read_text())
    Path("broken.yaml").write_text(Path(BROKEN).read_text())
    Path("empty").mkdir()
    desk.write("broken.json", properties(**{HOSTILE: 1, "Type": HOSTILE}))
    desk.write("changed.json", properties(Description=HOSTILE * 3, ShadowModeConfig=sampling(50)))
    desk.write("new.json", properties(Name="fraud-new", EndpointName="third", Description=HOSTILE))
    desk.write("patch.json", [{"op": "add", "path": "/Description", "value": HOSTILE}])
    statement = {"Sid": HOSTILE, "Effect": "Allow", "Action": "sagemaker:AddTag", "Resource": f"arn:aws:{HOSTILE}"}
    desk.write("role.json", {"Version": "2012-10-17", "Statement": [statement]})
    role = {
        "RoleName": "role-" + "x" * 59,
        "Arn": "arn:aws:iam::123456789012:role/" + "path/" * 20 + "role-" + "x" * 59,
        "RolePolicyList": [{"PolicyName": HOSTILE, "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}],
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "AttachedManagedPolicies": [],
    }
    desk.write("dump.json", {"RoleDetailList": [role], "UserDetailList": [], "GroupDetailList": [], "Policies": []})
    write(Path("captured"), PRODUCTION, [line(HOSTILE, "a"), line("1", "b" * 200)])
    write(Path("captured"), SHADOW, [line(HOSTILE, HOSTILE), line("1", "b" * 200)])


@pytest.fixture
def hostile_desk(desk: Desk) -> Desk:
    """Two experiments: one whose texts are hostile, one whose name is long."""
    for name in ("second", "third"):
        desk.sagemaker.add_endpoint(name, "production", "model-1")
    bring_to(desk, Description=f"{HOSTILE} {FORMULA}")
    tomorrow = desk.sagemaker.clock.now() + 86_400
    second = properties(Name=LONG, EndpointName="second", Schedule={"StartTime": tomorrow}, Description=FORMULA)
    desk.sagemaker.client().create_inference_experiment(**second)
    desk.sagemaker.wait_for(LONG, "Created")
    _files(desk)
    return desk


def on_terminal(desk: Desk, *arguments: str, **more: Any) -> Screen:
    return run_on_terminal(*arguments, settings=desk.settings, **more)


def test_every_command_is_run() -> None:
    assert set(RUNS) == set(cli.COMMANDS)


@pytest.mark.slow
@pytest.mark.parametrize("command", RUNS)
def test_a_terminal_of_80_columns(hostile_desk: Desk, command: str) -> None:
    for arguments in RUNS[command]:
        screen = on_terminal(hostile_desk, command, *arguments)
        assert screen.raw, arguments
        screen.assert_fits(10**6 if DOCUMENTS & {command, *arguments} else 80)
        assert not MARKUP.search(screen.text), arguments


@pytest.mark.slow
@pytest.mark.parametrize("columns", [20, 1, 0])
def test_any_terminal(hostile_desk: Desk, columns: int) -> None:
    for arguments in (("list",), ("get", "fraud"), ("get", "nobody")):
        screen = on_terminal(hostile_desk, *arguments, columns=columns)
        # One column is less than one character of some scripts; a terminal without a width has 80.
        screen.assert_fits(max(columns, 2) if columns else 80)


def test_values_are_shown_and_not_obeyed(hostile_desk: Desk) -> None:
    screen = on_terminal(hostile_desk, "get", "fraud", "--wide")
    assert SHOWN in screen.text
    # Also where no terminal is: the output may be shown on one later. Data are what they are.
    assert SHOWN in hostile_desk.ok("get", "fraud").stdout
    assert SHOWN in hostile_desk.ok("plan", "changed.json", "--current", "fraud").stdout
    described = hostile_desk.ok("get", "fraud", "--format", "json")
    assert described.data()["Description"] == f"{HOSTILE} {FORMULA}"
    assert yaml.safe_load(hostile_desk.ok("get", "fraud", "--format", "yaml").stdout) == described.data()
    assert described.stdout.isprintable() or "\x1b" not in described.stdout


def test_errors_of_aws_are_one_line_and_not_obeyed(hostile_desk: Desk) -> None:
    hostile_desk.sagemaker.fail_next("DescribeInferenceExperiment", "ValidationException", f"no\r\n  {HOSTILE}")
    text = hostile_desk.refused(4, "get", "fraud")
    assert text == f"DescribeInferenceExperiment: no {SHOWN} (ValidationException)"


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_terminals_without_colours_get_none(hostile_desk: Desk, more: dict[str, str]) -> None:
    screen = on_terminal(hostile_desk, "list", **more)
    screen.assert_fits(80)
    assert "\x1b[1m" not in screen.raw or more == {"NO_COLOR": "1"}  # bold is no colour
    assert "\x1b[3" not in screen.raw


@pytest.mark.parametrize("more", [{}, {"COLUMNS": "40"}, {"FORCE_COLOR": "1", "COLUMNS": "40"}, {"CI": "true"}])
def test_nothing_is_wrapped_or_left_out_where_no_terminal_is(hostile_desk: Desk, more: dict[str, str]) -> None:
    settings = {key: value for key, value in hostile_desk.settings.items() if key != "COLUMNS"}
    full = run_process("list", "--full", settings={**settings, **more})
    assert full.returncode == 0
    assert len(full.stdout.splitlines()) == 3
    assert "⠋" not in full.stderr
    assert full.stderr == ""


def test_wide_prints_a_row_in_one_line(hostile_desk: Desk) -> None:
    wide = on_terminal(hostile_desk, "list", "--full", "--wide")
    rows = [line for line in wide.lines if "arn:aws:sagemaker" in line]
    assert len(rows) == 2
    assert "not shown" not in wide.text
    assert "pass --wide or --format json" in on_terminal(hostile_desk, "list", "--full").words


def test_columns_of_the_environment_count_on_a_terminal(hostile_desk: Desk) -> None:
    screen = on_terminal(hostile_desk, "get", "fraud", columns=80, COLUMNS="50")
    screen.assert_fits(50)


@pytest.mark.parametrize("form", ["json", "csv", "yaml", "table"])
def test_results_are_on_standard_output_while_a_terminal_shows_progress(hostile_desk: Desk, form: str) -> None:
    """A spinner is drawn on standard error; the file gets the same as without it, the terminal nothing else."""
    for command in (("list", "--format", form), ("watch", "fraud", *QUICK, "--format", form)):
        plain = hostile_desk.ok(*command).stdout
        with Path("results").open("wb") as file:
            screen = on_terminal(hostile_desk, *command, stdout=file)
        written = Path("results").read_bytes().decode()
        assert re.sub(r"\d", "0", written) == re.sub(r"\d", "0", plain)
        assert "Running" not in screen.text.removesuffix("Running\n")
        screen.assert_fits(80)


def test_a_spinner_does_not_stand_among_results(hostile_desk: Desk) -> None:
    for command in (("list", "--format", "json"), ("list", "--format", "csv"), ("export",)):
        screen = on_terminal(hostile_desk, *command)
        rows = [each for each in screen.lines if "fraud" in each]
        assert rows
        assert not [each for each in rows if "reading" in each]


def test_a_question_fits(hostile_desk: Desk) -> None:
    screen = on_terminal(hostile_desk, "stop", "fraud", typed="n\n")
    screen.assert_fits(80)
    assert screen.returncode == 1
    assert "fraud would end now; the shadow variant shadow is removed. Continue? [y/N]:" in screen.words
    assert "not confirmed; nothing was changed" in screen.words


# CSV


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("-", "'-"),
        ("\uff1d1", "'\uff1d1"),
        *((text, text) for text in ("", "-5", "+1", "-0.5", "-1e-05", "+.5", "-5%", "a=b", "'=1", "1-2", "[-1]")),
    ],
)
def test_cells_that_a_spreadsheet_would_run_are_guarded(text: str, written: str) -> None:
    assert guarded(text) == written


def test_every_csv_is_guarded_and_readable(hostile_desk: Desk) -> None:
    for command in (("list", "--full", "--format", "csv"), ("export", "--format", "csv")):
        text = hostile_desk.ok(*command).stdout
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        described = {row.get("Name") or row["name"]: row.get("Description") or row["description"] for row in rows}
        assert described == {"fraud": f"{HOSTILE} {FORMULA}", LONG: f"'{FORMULA}"}
    head = hostile_desk.ok("query", "SELECT '=1' AS \"=x\", -5 AS y", "--format", "csv").stdout.splitlines()
    assert head == ["'=x,y", "'=1,-5"]


# Encodings


ENCODED = {command: next(iter(runs)) for command, runs in RUNS.items() if command != "demo"}


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("command", [*ENCODED])
def test_a_character_that_the_encoding_lacks_is_an_escape(hostile_desk: Desk, command: str, encoding: str) -> None:
    arguments = [each for each in ENCODED[command] if each != "--yes"]
    text = Path("ok.yaml").read_text().replace("Fraud", "Betrug größer 日本 😀")
    Path("ok.yaml").write_text(text)
    finished = run(command, *arguments, settings=hostile_desk.settings, encoding=encoding)
    assert finished.returncode in {0, 1, 2}
    assert finished.stdout + finished.stderr


@pytest.mark.slow
def test_json_says_the_same_in_every_encoding(hostile_desk: Desk) -> None:
    patch = [{"op": "add", "path": "/Description", "value": "größer 日本 😀"}]
    hostile_desk.ok("update", "fraud", "--patch", hostile_desk.write("patch.json", patch), *QUICK)
    for form, read in (("json", json.loads), ("yaml", yaml.safe_load)):
        for encoding in ("ascii", "cp1252", "utf-8"):
            arguments = ("get", "fraud", "--format", form)
            finished = run(*arguments, settings=hostile_desk.settings, encoding=encoding)
            assert read(finished.stdout)["Description"] == "größer 日本 😀"


def test_a_template_stays_utf_8(hostile_desk: Desk) -> None:
    """An escape would be other text: what is written to a file or a pipe is not for reading."""
    Path("ok.yaml").write_text(Path("ok.yaml").read_text() + "# größer\n")
    settings = environment_of({**hostile_desk.settings, "PYTHONIOENCODING": "ascii"})
    command = [COMMAND, "convert", "ok.yaml", "--to", "native"]
    converted = subprocess.run(command, capture_output=True, env=settings, check=True).stdout
    assert converted.decode().endswith("# größer\n")


@pytest.mark.slow
def test_names_of_files_that_are_no_text(hostile_desk: Desk) -> None:
    name = os.fsencode(f"{HOSTILE.replace('/', '')}") + b"\xff.yaml"
    Path(os.fsdecode(name)).write_text(Path(BROKEN).read_text())
    shown = visible(os.fsdecode(name))
    for arguments in (("validate", name), ("lint", b"no\xff.yaml"), ("plan", name)):
        finished = subprocess.run(
            [COMMAND, *arguments], capture_output=True, env=environment_of(hostile_desk.settings), check=False
        )
        text = (finished.stdout + finished.stderr).decode()
        assert (shown if "no\\udcff" not in text else "no\\udcff.yaml: no such file") in text
        assert "\x1b" not in text
        assert "Traceback" not in text


# What was checked


def test_lint_of_nothing_says_so(hostile_desk: Desk) -> None:
    assert hostile_desk.ok("lint", "empty").stderr == "nothing was linted: no templates in empty\n"
    assert hostile_desk.refused(2, "lint", "empty", "--require-files").startswith("nothing was linted")
    os.chdir("empty")
    text = "nothing was linted: no templates below this folder or in .cfnlintrc"
    assert hostile_desk.refused(2, "lint", "--require-files") == text


@pytest.mark.slow
def test_runs_say_what_was_checked(hostile_desk: Desk) -> None:
    clean = hostile_desk.ok("lint", "ok.yaml")
    assert (clean.stdout, clean.stderr) == ("", "1 template, 1 experiment: no findings\n")
    # The same from the cache, and without the rules that are not about experiments.
    assert hostile_desk.ok("lint", "ok.yaml").stderr == clean.stderr
    assert hostile_desk.ok("lint", "ok.yaml", "--only-experiments").stderr == clean.stderr
    both = hostile_desk.run("lint", "ok.yaml", "broken.yaml")
    assert both.stderr == "2 templates, 2 experiments: 7 errors\n"
    assert hostile_desk.run("validate", "ok.yaml", "broken.yaml").stderr.startswith(
        "2 files, 2 experiments: 7 findings"
    )
    assert "1 experiment: no findings" in hostile_desk.ok("validate", "ok.yaml").stderr
    checked = hostile_desk.ok("policy", "check", "ok.yaml", "--for", "experiment").stderr
    assert "0 findings" in checked
    assert "experiment role ExperimentRole in ok.yaml: " in checked


# The parts


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 5, [""]),
        ("one two three", 7, ["one two", "three"]),
        ("one  two", 8, ["one  two"]),
        ("  2.5", 7, ["  2.5"]),
        ("   one", 4, ["one"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("to abcdefghij", 4, ["to", "abcd", "efgh", "ij"]),
        ("arn:aws:iam::123456789012:role/experiment", 20, ["arn:aws:", "iam::123456789012:", "role/experiment"]),
        ("2026-11-29T15:36:31Z", 14, ["2026-11-29T15:", "36:31Z"]),
        ("日本語日本語", 5, ["日本", "語日", "本語"]),
        ("日本", 1, ["日", "本"]),
        ("e\u0301" * 4, 2, ["e\u0301e\u0301", "e\u0301e\u0301"]),
    ],
)
def test_fold(text: str, width: int, lines: list[str]) -> None:
    assert fold(text, width) == lines


def test_wrapped_lines_are_indented() -> None:
    assert wrap("  - one two three four five", 22) == ["  - one two three", "    four five"]
    assert wrap("one two", None) == ["one two"]
    assert wrap(" " * 30 + "one two", 32) == ["one two"]
    assert one_line(" a\r\n  b\tc\rd\n") == r"a b c\rd"


def test_a_table_fits_and_loses_nothing_of_what_it_shows() -> None:
    rows = [["NAME", "ARN", "NOTE", "日本"], ["fraud", "arn:aws:iam::1:role/x", "a longer note of words", "日本語" * 9]]
    for width in (*range(2, 40), 80, 200):
        fitted = layout(rows, width, optional=[3])
        for row in rows:
            lines = list(fitted.lines(row))
            assert all(cell_len(each) <= width for each in lines), width
            # Below each other the parts of a cell are the cell.
            at = 0
            for index, cells in zip(fitted.columns, fitted.widths, strict=True):
                parts = [_cut(each, at, cells) for each in lines]
                assert "".join("".join(parts).split()) == "".join(row[index].split()), width
                at += cells + 2
        assert fitted.columns[0] == 0
        assert (3 in fitted.columns) == (width >= 80)


def _cut(text: str, start: int, cells: int) -> str:
    """Return the characters in some cells of a line."""
    at, shown = 0, ""
    for character in text:
        shown += character if start <= at < start + cells else ""
        at += cell_len(character)
    return shown


def test_a_row_after_the_sample_fits_too() -> None:
    fitted = layout([["A", "B"], ["a", "b" * 30]], 20)
    assert all(cell_len(each) <= 20 for each in fitted.lines(["a" * 30, "b"]))
    assert [*layout([["A"], ["a"]], None).lines(["a" * 300])] == ["a" * 300]
