"""One home per fact: lists that must agree, and facts that must agree with AWS's own data."""

import ast
import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from cfnlint.decode import decode
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from inference_experiment import contract, criteria, differences, model, payloads, response
from inference_experiment.gateway import Gateway
from inference_experiment.model import OPERATIONS, READING, Member, Observed, Status
from inference_experiment.planner import TABLE

ROOT = Path(__file__).resolve().parents[2]
ADDITIONS = {"ModelVariantActions", "PromotionCriteria", "ServiceTimeout", "ServiceToken"}
READS = {"DescribeInferenceExperiment", "ListInferenceExperiments", "ListTags", "SendMessage"}
STACK = {"DescribeStacks", "DescribeStackResource"}  # of one question


def snake(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


# --- operations -----------------------------------------------------------------------------------------------------


def test_steps_gateway_methods_and_operations_file_name_the_same_operations() -> None:
    methods = {name for name in vars(Gateway) if not name.startswith("_")} - {"perform", "within", "describe_stack"}
    assert {kind.value for kind in OPERATIONS} | READS | STACK == set(contract.operations())
    assert methods == {snake(operation) for operation in READS | {kind.value for kind in READING}}


def test_every_handler_names_known_operations_and_every_operation_has_a_handler() -> None:
    named = set().union(*(contract.operations_of(handler) for handler in contract.handlers()))
    assert named == set(contract.operations())
    assert set(contract.handlers()) == {"create", "read", "update", "delete", "list"}


def test_operations_exist_in_botocore_and_actions_are_named_after_them() -> None:
    session = botocore.session.get_session()
    for operation in contract.operations():
        service = contract.permissions_of(operation)[0].action.split(":")[0]
        assert operation in session.get_service_model(service).operation_names
        assert contract.permissions_of(operation)[0].action == f"{service}:{operation}"


def test_permissions_name_known_resources() -> None:
    permissions = [one for operation in contract.operations() for one in contract.permissions_of(operation)]
    used = {permission.resource for permission in (*permissions, *contract.function_permissions())}
    assert used == set(contract.resource_arns())


def test_native_handlers_need_no_action_that_ours_lack() -> None:
    """AWS's own handlers of the type call nothing that our handlers could not (cfn-lint's copy of the registry)."""
    native = native_schema()["handlers"]
    for handler in contract.handlers():
        ours = contract.actions_for(handler)
        # Our deletion changes no tags, our creation and update read the owner tag.
        assert set(native[handler]["permissions"]) - ours == set()


# --- the role in template.yaml --------------------------------------------------------------------------------------


def role_statements() -> Iterator[dict[str, Any]]:
    template, _ = decode(str(ROOT / "template.yaml"))
    for policy in template["Resources"]["ProviderRole"]["Properties"]["Policies"]:
        chosen = policy["Fn::If"][1] if "Fn::If" in policy else policy
        yield from chosen["PolicyDocument"]["Statement"]


def actions(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return [action] if isinstance(action, str) else list(action)


def test_role_has_exactly_the_computed_actions_on_the_computed_resources() -> None:
    forms = {
        "any": r"\*",
        "deadLetterQueue": r"DeadLetterQueue\.Arn",
        "experiment": r"arn:\$\{AWS::Partition\}:sagemaker:\$\{AWS::Region\}:\$\{AWS::AccountId\}"
        r":inference-experiment/\$\{ExperimentNamePrefix\}\*",
        "experimentRole": r"arn:\$\{AWS::Partition\}:iam::\$\{AWS::AccountId\}:role/\$\{ExperimentRolePath\}",
        "logGroup": r"ProviderLogGroup\.Arn",
        "predictionResult": r"arn:\$\{AWS::Partition\}:s3:::\$\{PredictionResults\}",
        "queue": r"WaitQueue\.Arn",
        "stack": r"arn:\$\{AWS::Partition\}:cloudformation:\$\{AWS::Region\}:\$\{AWS::AccountId\}:stack/\*",
    }
    needed = {(one.action, one.resource) for one in contract.function_permissions()}
    for operation in contract.operations():
        needed |= {(one.action, one.resource) for one in contract.permissions_of(operation)}
    granted = set()
    for statement in role_statements():
        resource = statement["Resource"]
        text = resource if isinstance(resource, str) else next(iter(resource.values()))
        text = ".".join(text) if isinstance(text, list) else text
        kind = next(kind for kind, form in forms.items() if re.fullmatch(form, text))
        granted |= {(action, kind) for action in actions(statement)}
    assert granted == needed
    assert set(forms) == set(contract.resource_arns())


def test_role_passes_roles_to_sagemaker_only() -> None:
    (statement,) = [one for one in role_statements() if "iam:PassRole" in actions(one)]
    (permission,) = [
        one for one in contract.permissions_of("CreateInferenceExperiment") if one.action == "iam:PassRole"
    ]
    assert statement["Condition"] == permission.condition


def test_role_has_no_wildcard_action_and_wildcard_resources_only_with_a_reason() -> None:
    assert not [action for statement in role_statements() for action in actions(statement) if "*" in action]
    bare = [statement for statement in role_statements() if statement["Resource"] == "*"]
    lists = ["sagemaker:ListInferenceExperiments"], ["cloudwatch:GetMetricData"]
    assert tuple(actions(statement) for statement in bare) == lists
    text = (ROOT / "template.yaml").read_text()
    assert text.count('Resource: "*"') == text.count('Resource: "*" # AWS has no resource type') == len(bare)


# --- the schema -----------------------------------------------------------------------------------------------------


def native_schema() -> dict[str, Any]:
    schema: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", contract.NATIVE_TYPE).schema
    return schema


def test_custom_type_has_the_native_properties_and_the_additions() -> None:
    ours, native = contract.schema(), native_schema()
    assert set(ours["properties"]) == set(native["properties"]) | ADDITIONS | {"CompletionTime"}
    assert contract.create_only() == {pointer.split("/")[2] for pointer in native["createOnlyProperties"]}
    assert contract.read_only() - {"CompletionTime"} == {
        pointer.split("/")[2] for pointer in native["readOnlyProperties"]
    }
    assert set(ours["writeOnlyProperties"]) == {
        *native["writeOnlyProperties"],
        *(f"/properties/{name}" for name in ADDITIONS),
    }
    assert set(ours["required"]) == (set(native["required"]) - {"Name"}) | {"ServiceToken", "ShadowModeConfig"}
    assert ours["typeName"] == contract.CUSTOM_TYPE
    assert native["typeName"] == contract.NATIVE_TYPE


def resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["definitions"][node["$ref"].rsplit("/", 1)[1]]
    return node


def walk(schema: dict[str, Any], node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    node = resolve(schema, node)
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from walk(schema, child, f"{path}/{name}")
    if "items" in node:
        yield from walk(schema, node["items"], f"{path}/*")


NUMBERS = {"maxLength": min, "maxItems": min, "maximum": min, "minLength": max, "minItems": max, "minimum": max}
# Where ours is deliberately not the native schema's: why.
LOOSER = {
    ("/DataStorageConfig/Destination", "minLength"): "the pattern needs more",
    ("/Tags", "maxItems"): "the owner tag is the fiftieth",
    ("/EndpointMetadata/EndpointStatus", "enum"): "the API has UpdateRollbackFailed besides",
    ("/EndpointMetadata/EndpointStatus", "pattern"): "an enumeration needs no pattern",
}


def test_schema_is_at_least_as_strict_as_the_native_one() -> None:
    """Drift in cfn-lint's copy of the registry's schema shows here, member by member."""
    ours = dict(walk(contract.schema(), contract.schema(), ""))
    for path, native in walk(native_schema(), native_schema(), ""):
        if not path:
            continue
        mine = ours[path]
        assert mine.get("type") == native.get("type"), path
        assert set(mine.get("required", ())) == set(native.get("required", ())), path
        for keyword, stricter in NUMBERS.items():
            if keyword in native and native[keyword] and (path, keyword) not in LOOSER:
                assert stricter(mine[keyword], native[keyword]) == mine[keyword], (path, keyword)
        if "enum" in native and (path, "enum") not in LOOSER:
            assert set(mine["enum"]) == set(native["enum"]), path
        if "pattern" in native and (path, "pattern") not in LOOSER:
            assert "pattern" in mine, path


def request_shape() -> Any:
    service = botocore.session.get_session().get_service_model("sagemaker")
    return service, service.operation_model("CreateInferenceExperiment").input_shape


def api_members(shape: Any, path: str = "") -> Iterator[tuple[str, Any, bool]]:
    for name, member in getattr(shape, "members", {}).items():
        yield f"{path}/{name}", member, name in shape.required_members
        yield from api_members(member, f"{path}/{name}")
    if shape.type_name == "list":
        yield f"{path}/*", shape.member, False
        yield from api_members(shape.member, f"{path}/*")


TYPES = {"string": "string", "integer": "integer", "structure": "object", "list": "array", "timestamp": "string"}
# Constraint of the API that the schema states otherwise: why.
OTHERWISE = {
    ("/Name", "required"): "derived where it is left out",
    ("/Tags", "max"): "the owner tag is the fiftieth",
    ("InstanceType", "enum"): "a pattern: the list grows and differs by region, and SageMaker checks it",
}


def test_schema_has_every_constraint_of_the_api() -> None:
    """Required, min, max, pattern and enum of CreateInferenceExperiment, member by member."""
    ours = dict(walk(contract.schema(), contract.schema(), ""))
    _, shape = request_shape()
    required = {"": set(contract.schema()["required"])}
    for path, member, is_required in api_members(shape):
        node = ours[path]
        parent, _, name = path.rpartition("/")
        required.setdefault(parent, set(ours.get(parent, {}).get("required", ())))
        assert node["type"] == TYPES[member.type_name], path
        if is_required and (path, "required") not in OTHERWISE:
            assert name in required[parent], path
        check_constraints(path, node, member)


def check_constraints(path: str, node: dict[str, Any], member: Any) -> None:
    low, high = {"string": ("minLength", "maxLength"), "list": ("minItems", "maxItems")}.get(
        member.type_name, ("minimum", "maximum")
    )
    metadata = member.metadata
    if metadata.get("min"):
        assert node[low] >= metadata["min"], path
    if "max" in metadata and (path, "max") not in OTHERWISE:
        assert node[high] == metadata["max"], path
    if getattr(member, "enum", None) and (path.rsplit("/", 1)[1], "enum") not in OTHERWISE:
        assert node["enum"] == list(member.enum), path
    if "pattern" in metadata and member.type_name == "string":
        assert node["pattern"].startswith("^"), path
        assert node["pattern"].endswith("$"), path
        if r"\p" not in metadata["pattern"]:
            same_pattern(node["pattern"], metadata["pattern"])


def same_pattern(ours: str, theirs: str) -> None:
    """Hold two patterns against texts that tell the API's patterns apart."""
    texts = [
        "", "a", "-a", "a-", "a--b", "a_b", "A9", "a" * 63, "a" * 64, "a" * 120, "a" * 121, "a.b", "text/csv", "text/",
        "application/x.y-z", "s3://b/p", "https://b", "s3://", "http://b", "s3:///x",
        "arn:aws:iam::123456789012:role/x",
        "arn:aws-cn:iam::123456789012:role/p/x", "arn:aws:iam::12:role/x", "alias/x", "1234-ab", "key id", "ü",
    ]  # fmt: skip
    for text in texts:
        assert bool(re.search(ours, text)) == bool(re.fullmatch(theirs, text)), (text, ours, theirs)


def test_instance_type_pattern_admits_every_hosting_type_of_the_api() -> None:
    service, _ = request_shape()
    pattern = contract.schema()["definitions"]["RealTimeInferenceConfig"]["properties"]["InstanceType"]["pattern"]
    types = service.shape_for("ProductionVariantInstanceType").enum
    assert len(types) >= 271
    assert [one for one in types if not re.search(pattern, one)] == []
    assert not re.search(pattern, "m5.xlarge")


def test_tag_pattern_admits_exactly_the_characters_of_the_api() -> None:
    r"""The API's pattern says [\p{L}\p{Z}\p{N}_.:/=+\-@]; Python's re has no \p."""
    pattern = re.compile(contract.schema()["definitions"]["Tag"]["properties"]["Value"]["pattern"][:-1] + r"\Z")
    wrong = []
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        allowed = unicodedata.category(character)[0] in "LZN" or character in "_.:/=+-@"
        if bool(pattern.match(character)) != allowed:
            wrong.append(character)
    assert wrong == []


def test_stop_actions_and_states_are_the_api_s() -> None:
    service, _ = request_shape()
    actions_enum = contract.schema()["definitions"]["ModelVariantAction"]["enum"]
    assert actions_enum == list(service.shape_for("ModelVariantAction").enum)
    assert {differences.RETAIN, differences.REMOVE, differences.PROMOTE} == set(actions_enum)
    states = set(contract.schema()["properties"]["DesiredState"]["enum"])
    assert states == {"Running", *service.shape_for("InferenceExperimentStopDesiredState").enum}
    actions_map = contract.schema()["properties"]["ModelVariantActions"]
    shape = service.shape_for("ModelVariantActionMap")
    assert (actions_map["minProperties"], actions_map["maxProperties"]) == (
        shape.metadata["min"],
        shape.metadata["max"],
    )
    (pattern,) = actions_map["patternProperties"]
    same_pattern(pattern, shape.key.metadata["pattern"])
    assert actions_map["propertyNames"]["maxLength"] == shape.key.metadata["max"]


def test_promotion_criteria_are_read_as_the_schema_says() -> None:
    nodes = contract.schema()["definitions"]["PromotionCriteria"]["properties"]
    assert nodes["MaxLatencyIncrease"]["pattern"] == f"^{criteria.PERCENTAGE.pattern}$"
    assert nodes["MaxErrorRate"]["pattern"] == f"^{criteria.PERCENTAGE.pattern.removeprefix('-?')}$"


def test_statuses_are_the_api_s_and_absent() -> None:
    service, _ = request_shape()
    statuses = set(service.shape_for("InferenceExperimentStatus").enum)
    assert {status.value for status in Status} - {Status.ABSENT.value} == statuses
    assert statuses == set(contract.schema()["properties"]["Status"]["enum"])


def test_attributes_are_what_a_response_holds() -> None:
    assert set(response.attributes(Observed("x"))) == set(contract.attributes())


def test_members_that_can_differ_are_schema_properties() -> None:
    paths = {path.replace("/*", "/0").lstrip("/") for path, _ in walk(contract.schema(), contract.schema(), "")}
    assert {member.value for member in Member} <= paths
    assert {member.value for member in differences.CREATE_ONLY | {Member.NAME}} == contract.create_only()


def test_mutable_members_are_those_of_update_inference_experiment() -> None:
    service, _ = request_shape()
    members = set(service.operation_model("UpdateInferenceExperiment").input_shape.members) - {"Name"}
    assert {member.value.split("/")[0] for member in differences.MUTABLE} == members


# --- arrows ---------------------------------------------------------------------------------------------------------

PURE = (
    "contract",
    "criteria",
    "model",
    "checks",
    "errors",
    "payloads",
    "planner",
    "actions",
    "decision",
    "differences",
    "event",
    "currentness",
    "backoff",
    "stopping",
    "settings",
    "conformity",
    "properties",
)


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_import_nothing_heavy(module: str) -> None:
    code = (
        f"import sys, inference_experiment.{module}; "
        "print([m for m in ('boto3', 'botocore', 'crhelper', 'cfnlint', 'jsonschema') if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_only_two_modules_know_crhelper_or_boto3() -> None:
    users = {
        path.stem
        for path in (ROOT / "src").rglob("*.py")
        if imports_of(path) & {"crhelper", "boto3", "botocore", "crhelper.CfnResource"}
    }
    assert users == {"crhelper_adapter", "gateway"}


def test_payload_keys_are_members_of_the_operations() -> None:
    """Every argument that payloads can write exists in the API."""
    service, shape = request_shape()
    known = set(shape.members) | set(service.operation_model("StopInferenceExperiment").input_shape.members)
    literals = {
        node.value
        for node in ast.walk(ast.parse(Path(payloads.__file__).read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[A-Z]\w+", node.value)
    }
    nested = {path.rsplit("/", 1)[1] for path, _, _ in api_members(shape)}
    assert literals <= known | nested | {"RealTimeInference"}


def test_data_files_are_sorted_and_end_with_a_line_break() -> None:
    """Diffs of the data files show changes only."""
    text = (ROOT / "src/inference_experiment/contract/operations.json").read_text()
    handlers = json.loads(text)["handlers"]
    assert text.endswith("}\n")
    assert all(names == sorted(names) for names in handlers.values())


def test_every_rule_of_the_table_has_a_sentence() -> None:
    """The README's table is made of them."""
    rules = {rule for row in TABLE.values() for rule in row.values()}
    assert all((rule.__doc__ or "").strip().splitlines()[0].endswith(".") for rule in rules)
    assert set(Status) > model.ENDED
