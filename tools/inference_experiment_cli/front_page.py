"""The list of commands that --help prints, without importing Typer, which would take most of the time."""

from typing import Final

from inference_experiment_cli.help_page import GROUP_USAGE, page

PROGRAM: Final = "inference-experiment"
HELP_OPTIONS: Final = ("-h", "--help")
VERSION_HELP: Final = "Print the version and exit."
TEXT: Final = """Lint, plan, deploy and inspect SageMaker shadow tests.

Exit codes: 0 done, or the answer is yes, 1 the answer is no, 2 wrong usage, or input that cannot be read, 3 cannot
be decided, 4 something outside failed (credentials, AWS, the network), 130 interrupted. lint has cfn-lint's.

Documentation: docs/index.md, in share/doc/cfn-inference-experiment of the Python environment
"""
# name, which is also that of its module and of its function (or Typer group) -> first sentence of its help
COMMANDS: Final = {
    "init": "Write a project for SAM: the provider and examples of shadow tests.",
    "demo": "Take a shadow test through its whole life on a local AWS.",
    "local": "Run a local AWS for any AWS client, without an account.",
    "lint": "Lint templates with cfn-lint and the rules of this project.",
    "policy": "Check, generate and explain IAM policies.",
    "export": "Write experiments as flat records: JSON lines, JSON, CSV, Parquet.",
    "query": "Query experiments with SQL, and change them.",
    "captures": "Compare captured predictions of two variants.",
    "report": "Compare the variants of a shadow test by their metrics, and by their predictions.",
    "validate": "Check the properties of experiments as the provider does.",
    "plan": "Show what deploying a file would do.",
    "get": "Show everything about one experiment.",
    "list": "List the experiments of one or several regions.",
    "watch": "Follow an experiment until it is stable.",
    "create": "Create an experiment and wait until it is Created or Running.",
    "update": "Change an experiment in place, by options, a JSON patch or a file.",
    "start": "Start a Created experiment before its schedule.",
    "stop": "Stop a running experiment, with or without promotion.",
    "delete": "Delete an experiment; a running one is stopped first.",
    "manifest": "Write a template or a StackQL manifest of an experiment.",
    "convert": "Convert templates between the native, the custom and the registry type.",
}
_OPTIONS: Final = (
    ("--version", VERSION_HELP),
    # Typer's own; a test compares them.
    ("--install-completion", "Install completion for the current shell."),
    ("--show-completion", "Show completion for the current shell, to copy it or customize the installation."),
    (", ".join(HELP_OPTIONS), "Show this message and exit."),
)


def front_page() -> str:
    """Return the page of the program itself."""
    return page(PROGRAM, ["[OPTIONS]", GROUP_USAGE], TEXT, {"Options": _OPTIONS, "Commands": [*COMMANDS.items()]})
