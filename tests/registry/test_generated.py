"""The files beside the handlers are generated, and the lists that must agree do."""

import itertools
import json
import re
import sys
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from inference_experiment import contract, errors
from inference_experiment.errors import ExperimentError
from inference_experiment_cli.plan.requests import NOT_OF_CREATE_HANDLER, NOT_OF_HANDLERS
from registry.build import write_project
from registry.generate import FOLDER, TYPE_NAME, actions_of, files, package_of, role, schema

FUNCTION = FOLDER.parent / "src" / "inference_experiment"
CREATES = sorted((FOLDER / "inputs").glob("*_create.json"))


@pytest.mark.parametrize("name", files())
def test_the_files_are_what_the_generator_writes(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == files()[name], "run python -m registry.generate"


def test_every_error_has_a_code() -> None:
    from shadowtests_sagemaker_inferenceexperiment.handlers import CODES  # noqa: PLC0415 - configures the logs

    family = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, ExperimentError)}
    assert set(CODES) == family - {ExperimentError}


def test_the_handlers_know_their_name_and_time() -> None:
    from shadowtests_sagemaker_inferenceexperiment import TYPE_NAME as OWN  # noqa: PLC0415
    from shadowtests_sagemaker_inferenceexperiment.handlers import TIMEOUT_MINUTES  # noqa: PLC0415

    waiting = [each for each in schema()["handlers"].values() if "timeoutInMinutes" in each]
    assert {each["timeoutInMinutes"] for each in waiting} == {TIMEOUT_MINUTES}
    assert OWN == TYPE_NAME


def test_the_role_allows_what_the_handlers_need() -> None:
    document = role()["Resources"]["ExecutionRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    allowed = set(itertools.chain.from_iterable(each["Action"] for each in document["Statement"]))

    assert allowed == {action for handler in contract.handlers() for action in actions_of(handler)}
    assert allowed == {action for each in schema()["handlers"].values() for action in each["permissions"]}
    anywhere = [each["Action"] for each in document["Statement"] if each["Resource"] == "*"]
    assert anywhere == [["cloudwatch:GetMetricData", "sagemaker:ListInferenceExperiments"]]


@pytest.mark.parametrize("path", CREATES, ids=lambda path: path.stem)
def test_the_inputs_are_valid(path: Path) -> None:
    validator = Draft7Validator(schema())
    for kind in ("create", "update"):
        model = json.loads(path.with_name(path.name.replace("create", kind)).read_text(encoding="utf-8"))
        assert list(validator.iter_errors(model)) == []


def test_the_last_inputs_have_every_property_that_can_be_set() -> None:
    properties = set().union(*(json.loads(path.read_text(encoding="utf-8")) for path in CREATES))
    settable = set(schema()["properties"]) - contract.read_only()

    assert properties == settable - {"PromotionCriteria"}


def test_another_name_changes_the_whole_project(tmp_path: Path) -> None:
    name = "Acme::Testing::Shadow"
    write_project(tmp_path / "project", name)
    written = {path.name for path in (tmp_path / "project").iterdir()}

    assert {"acme-testing-shadow.json", ".rpdk-config", "resource-role.yaml"} <= written
    package = tmp_path / "project" / "src" / package_of(name)
    assert name in (package / "__init__.py").read_text(encoding="utf-8")
    assert (package / "handlers.py").is_file()
    assert TYPE_NAME not in "".join(files(name).values())


def test_the_registry_folder_stays_small() -> None:
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in FOLDER.rglob("*.py"))
    assert lines <= 700


def test_the_lifecycle_is_the_functions_and_does_not_know_the_registry() -> None:
    imported = re.compile(r"^(?:from|import) ([a-z_]+)", re.MULTILINE)
    own = {
        name for path in (FOLDER / "src").rglob("*.py") for name in imported.findall(path.read_text(encoding="utf-8"))
    }
    function = {name for path in FUNCTION.rglob("*.py") for name in imported.findall(path.read_text(encoding="utf-8"))}

    assert own <= {"inference_experiment", "cloudformation_cli_python_lib", *sys.stdlib_module_names}
    assert not function & {"registry", "shadowtests_sagemaker_inferenceexperiment", "cloudformation_cli_python_lib"}


@pytest.mark.parametrize("handler", ["create", "update", "delete"])
def test_the_plan_names_the_permissions_of_the_handlers(handler: str) -> None:
    """It leaves them out by service, where the schema leaves out operations."""
    left_out = NOT_OF_CREATE_HANDLER if handler == "create" else NOT_OF_HANDLERS
    planned = {action for action in contract.actions_for(handler) if not action.startswith(left_out)}

    assert set(actions_of(handler)) <= planned
