"""What a project consists of: provider, examples, and what is written for the project itself."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from inference_experiment_cli.inputs.documents import read_document
from inference_experiment_cli.project.sources import BROKEN, EXAMPLES, Example, example_files, provider_files

CFNLINTRC: Final = """\
# For every run of cfn-lint in this folder: the rules for shadow tests, where they are installed.
append_rules: [.cfnlint]
"""
# The SAM CLI has a cfn-lint of its own, which fails where append_rules names a package that it lacks.
RULES: Final = '''\
"""The rules for shadow tests, wherever cfn-inference-experiment is installed beside cfn-lint."""

from contextlib import suppress

with suppress(ModuleNotFoundError):
    import inference_experiment_rules

    globals().update({name: rule for name, rule in vars(inference_experiment_rules).items() if isinstance(rule, type)})
'''
GITIGNORE: Final = """\
.aws-sam/
__pycache__/
"""
README: Final = """\
# Shadow tests

{table}

## Check the templates

```sh
inference-experiment lint # or cfn-lint, the SAM CLI's too: sam validate --lint
```

## Try it without an account

```sh
pip install "cfn-inference-experiment[local]"
eval "$(inference-experiment local start)"
inference-experiment local deploy {provider} template.yaml
{local}
inference-experiment list
inference-experiment local stop
```

## Deploy

```sh
sam build
sam deploy # or, with restricted roles: sam deploy --config-env production
{aws}
```

`sam build` needs Python 3.13, the runtime of the function. The templates in examples/ import the function from the
stack {provider}.
"""
PROVIDER_STACK: Final = "inference-experiment-provider"
"""The stack_name of samconfig.toml, and the default of the parameter ProviderStack of the examples."""
_LAYOUT: Final = {
    "template.yaml, src/": "the provider of Custom::SageMakerInferenceExperiment: function, role, queues, alarms",
    "samconfig.toml": "the settings of sam",
    ".cfnlintrc, .cfnlint/": "the settings of cfn-lint, with the rules for shadow tests where they are installed",
}
# Documentation is not part of a project.
_DOCUMENTATION: Final = re.compile(r"\[([^]]+)\]\((?:\.\./)+docs/[^)]+\)")


def project_contents(examples: Iterable[Example]) -> dict[str, bytes]:
    """Return the files of a project with these examples: path -> content."""
    chosen = list(examples)
    files = {name: path.read_bytes() for name, path in (provider_files() | example_files(chosen)).items()}
    own = {
        ".cfnlintrc": CFNLINTRC,
        ".cfnlint/shadow_tests.py": RULES,
        ".gitignore": GITIGNORE,
        "README.md": _readme(chosen),
    }
    return {name: _standing_alone(name, content) for name, content in files.items()} | {
        name: text.encode() for name, text in own.items()
    }


def _standing_alone(name: str, content: bytes) -> bytes:
    """Return a page without links to the documentation, which is not part of a project."""
    if not name.endswith(".md"):
        return content
    return _DOCUMENTATION.sub(r"\1 (documentation)", content.decode()).encode()


def _readme(examples: Iterable[Example]) -> str:
    rows = dict(_LAYOUT)
    local, aws = [], []
    for example in examples:
        rows[f"examples/{example.files[0] if example.is_template else f'{example.name}/'}"] = example.summary
        for name, path in _deployable(example).items():
            required = _required_parameters(path)
            local.append(_wrapped(f"inference-experiment local deploy {example.name} {name}", "--parameter ", required))
            command = f"aws cloudformation deploy --stack-name {example.name} --template-file {name}"
            options = [f"{command} --capabilities CAPABILITY_IAM", *(["  --parameter-overrides"] if required else [])]
            aws.append(_wrapped(" \\\n".join(options), "  ", required))
    table = ["| file | content |", "|---|---|", *(f"| {file} | {content} |" for file, content in rows.items())]
    return README.format(table="\n".join(table), local="\n".join(local), aws="\n".join(aws), provider=PROVIDER_STACK)


def _wrapped(command: str, option: str, parameters: Iterable[str]) -> str:
    """Return a command with parameters to fill in, each on a line of its own."""
    return " \\\n".join([command, *(f"  {option}{name}=..." for name in parameters)])


def _deployable(example: Example) -> dict[str, Path]:
    """Return the templates of an example, without those of others that it mentions, and without broken ones."""
    if example.name == BROKEN:
        return {}
    own = {name: path for name, path in example_files([example]).items() if PurePosixPath(name).suffix == ".yaml"}
    prefix = f"{EXAMPLES}/{example.name}"
    return {name: path for name, path in own.items() if name.startswith((f"{prefix}/", f"{prefix}.yaml"))}


def _required_parameters(path: Path) -> list[str]:
    parameters = read_document(path).value.get("Parameters", {})
    return [name for name, declared in parameters.items() if "Default" not in declared]
