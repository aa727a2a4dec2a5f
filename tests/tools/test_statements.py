"""query: statements in the forms of StackQL's pages, as they stand, with nothing but their placeholders filled."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from desk import ROOT, Desk, steady
from desk_files import QUICK, bring_to, properties, sampling, skip_to
from inventory_reference import AWS_INSERT, AWSCC_INSERT_REQUIRED, columns_of_insert
from syrupy.assertion import SnapshotAssertion

from inference_experiment_cli.inputs.api_names import WRITABLE
from inference_experiment_cli.sql import tables
from inference_experiment_cli.sql.statement import Kind, read_statement

STATEMENTS = sorted((Path(__file__).parent / "statements").glob("*.sql"))
WRITE = ("--write", "--yes", *QUICK)
PROPERTIES = properties(Description="it's new", DataStorageConfig={"Destination": "s3://bucket/x"})
VALUES: dict[str, str] = {
    "name": "fraud",
    "Name": "fraud",
    "type": "ShadowMode",
    "description": "it's new",
    "role_arn": PROPERTIES["RoleArn"],
    "endpoint_name": "endpoint",
    "model_variants": json.dumps(PROPERTIES["ModelVariants"]),
    "shadow_mode_config": json.dumps(sampling(30)),
    "data_storage_config": json.dumps(PROPERTIES["DataStorageConfig"]),
    "tags": json.dumps(PROPERTIES["Tags"]),
    "team": "ml",
    "desired_state": "Running",
    "region": "us-east-1",
}
WORDS = re.compile(r"\{\{ (\w+) \}\}|<(Name)>")
VARIABLES = re.compile(r"(?<=: )(description|shadow_mode_config|tags)\b")


def filled(sql: str) -> str:
    """Return a statement as a user fills its placeholders in an editor."""
    generated = "generate_patch_document" in sql
    if generated:
        quoted = {name: json.dumps(value) if name == "description" else value for name, value in VALUES.items()}
        sql = VARIABLES.sub(lambda match: quoted[match[1]].replace("'", "''"), sql)
    return WORDS.sub(lambda match: VALUES[match[1] or match[2]].replace("'", "''"), sql)


def parameters_of(sql: str) -> list[str]:
    names = {one or other for one, other in WORDS.findall(sql)}
    names |= set(VARIABLES.findall(sql)) if "generate_patch_document" in sql else set()
    return [part for name in sorted(names) for part in ("--parameter", f"{name}={VALUES[name]}")]


@pytest.mark.slow
def test_a_whole_life_in_sql(desk: Desk, snapshot: SnapshotAssertion) -> None:
    """Once filled in an editor, once by --parameter; both print the same."""
    for way in ("editor", "parameters"):
        for path in STATEMENTS:
            sql = path.read_text(encoding="utf-8")
            if way == "editor":
                answer = desk.ok("query", filled(sql), "--format", "json", *WRITE)
            else:
                answer = desk.ok("query", "-f", str(path), "--format", "json", *WRITE, *parameters_of(sql))
            printed = [json.loads(line.rstrip(",")) for line in answer.stdout.splitlines() if line.startswith("  ")]
            assert steady_rows(printed) == snapshot(name=path.stem)
    assert desk.changes().count("CreateInferenceExperiment") == 2
    assert desk.changes().count("DeleteInferenceExperiment") == 2


def steady_rows(rows: list[Any]) -> Any:
    text = re.sub(r"command-line/fraud/[\w-]+", "command-line/fraud/REQUEST", json.dumps(rows))
    return json.loads(steady(text))


def test_the_updates_of_the_statements_reach_sagemaker(desk: Desk) -> None:
    bring_to(desk)
    desk.ok("query", filled((Path(__file__).parent / "statements/09-update-generated-patch.sql").read_text()), *WRITE)
    live = desk.ok("get", "fraud", "--format", "json").data()
    assert (live["Description"], live["ShadowModeConfig"]) == ("it's new", sampling(30))


def test_what_stackql_calls_required_lacks_what_sagemaker_requires(desk: Desk) -> None:
    """The page's own statement is refused before any call, with the column to add; with it, it works."""
    sql = AWSCC_INSERT_REQUIRED
    arguments = ["--parameter", "name=fraud"]
    for name in ("type", "role_arn", "endpoint_name", "model_variants", "region"):
        arguments += ["--parameter", f"{name}={VALUES[name]}"]
    message = desk.refused(1, "query", sql, *WRITE, *arguments)
    assert message.startswith("SQL:3: ShadowModeConfig: is required by SageMaker; add the column ShadowModeConfig")
    example = re.search(r"'(\{.*\})'", message)
    assert example is not None
    desk.changes()
    assert desk.changes() == []
    more = sql.replace("Name,", "ShadowModeConfig,\nName,", 1).replace("SELECT\n", f"SELECT\n'{example[1]}',\n")
    desk.ok("query", more, *WRITE, *arguments)
    assert desk.ok("get", "fraud", "--format", "json").data()["ShadowModeConfig"] == json.loads(example[1])


def test_insert_with_all_columns_of_the_page_and_values(desk: Desk) -> None:
    columns = columns_of_insert(AWS_INSERT)
    assert set(columns) <= {*WRITABLE, "region"}
    schedule = '{"StartTime": "2030-01-01T00:00:00Z", "EndTime": "2030-01-02T00:00:00Z"}'
    made = {**properties(), "Schedule": schedule, "KmsKey": "alias/x", "Description": "d", "region": "us-east-1"}
    made["DataStorageConfig"] = {"destination": "s3://bucket/x"}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in made.items()}
    sql = re.sub(r"'\{\{ (\w+) \}\}'", lambda match: f"'{texts[match[1]]}'", AWS_INSERT)
    (row,) = desk.ok("query", sql, *WRITE, "--format", "json").data()
    assert row == {"InferenceExperimentArn": "arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/fraud"}
    live = desk.ok("manifest", "--from", "fraud", "--type", "native", "--format", "json").data()
    (resource,) = live["Resources"].values()
    assert resource["Properties"]["Schedule"] == json.loads(schedule)
    assert resource["Properties"]["DataStorageConfig"] == {"Destination": "s3://bucket/x"}


def test_insert_values_of_duckdb_in_snake_case_and_a_copy(desk: Desk) -> None:
    rows = (
        "INSERT INTO inference_experiments "
        "(name, type, role_arn, endpoint_name, model_variants, shadow_mode_config, tags) "
        f"VALUES ('fraud', 'ShadowMode', '{VALUES['role_arn']}', 'endpoint', '{VALUES['model_variants']}', "
        "{'source_model_variant_name': 'production', 'shadow_model_variants': [{'shadow_model_variant_name': 'shadow', "
        "'sampling_percentage': 7}]}, MAP {'team': 'ml'})"
    )
    desk.ok("query", rows, *WRITE)
    copy = (
        "INSERT INTO inference_experiments (Name, Type, RoleArn, EndpointName, ModelVariants, ShadowModeConfig, Tags) "
        "SELECT name || '-2', type, role_arn, endpoint_name, model_variants, shadow_mode_config, tags "
        "FROM inference_experiments WHERE status = 'Completed'"
    )
    assert "one experiment at a time, these are 0" in desk.refused(2, "query", copy, *WRITE)
    desk.ok("query", "UPDATE inference_experiments SET DesiredState = 'Completed' WHERE name = 'fraud'", *WRITE)
    desk.ok("query", copy, *WRITE)
    live = desk.ok("get", "fraud-2", "--format", "json").data()
    assert live["ShadowModeConfig"]["ShadowModelVariants"][0]["SamplingPercentage"] == 7
    assert {"Key": "team", "Value": "ml"} in live["Tags"]


def test_update_uses_the_columns_of_the_row_and_null_removes(desk: Desk) -> None:
    bring_to(desk, Description="one")
    sql = "UPDATE inference_experiments SET Description = description || ', two' WHERE endpoint_name = 'endpoint'"
    desk.ok("query", sql, *WRITE)
    assert desk.ok("get", "fraud", "--format", "json").data()["Description"] == "one, two"
    desk.ok("query", "UPDATE inference_experiments SET Tags = NULL WHERE 'fraud' = name", *WRITE)
    assert desk.changes() == ["UpdateInferenceExperiment", "DeleteTags"]


def test_a_change_asks_needs_write_and_can_be_dry(desk: Desk) -> None:
    bring_to(desk)
    sql = "DELETE FROM inference_experiments WHERE Identifier = 'fraud' AND region = 'us-east-1'"
    assert "pass --write, or --dry-run" in desk.refused(2, "query", sql)
    assert "fraud (Running): stop, then delete" in desk.ok("query", sql, "--dry-run").stdout
    assert "pass --yes to confirm" in desk.refused(2, "query", sql, "--write", *QUICK)
    assert desk.changes() == []
    desk.ok("query", sql, *WRITE)
    assert desk.changes() == ["StopInferenceExperiment", "DeleteInferenceExperiment"]
    assert "no experiment fraud in us-east-1" in desk.refused(1, "query", sql, *WRITE)


def test_an_experiment_of_a_stack_needs_force(desk: Desk) -> None:
    bring_to(desk)
    desk.stacks.owners["fraud"] = ("shop", "Test", "AWS::SageMaker::InferenceExperiment")
    sql = "UPDATE inference_experiments SET Description = 'x' WHERE name = 'fraud'"
    assert "update it through its stack, or pass --force" in desk.refused(1, "query", sql, *WRITE)
    desk.ok("query", sql, "--force", *WRITE)


@pytest.mark.parametrize(
    ("sql", "code", "words"),
    [
        ("DELETE FROM inference_experiments", 2, "is about one experiment; choose it with WHERE Identifier = 'NAME'"),
        ("DELETE FROM inference_experiments WHERE region = 'us-east-1'", 2, "choose it with WHERE Identifier"),
        (
            "DELETE FROM inference_experiments WHERE status = 'Running'",
            2,
            "2 meet its condition: fraud in us-east-1, fr",
        ),
        (
            "DELETE FROM inference_experiments WHERE status = 'Created'",
            1,
            "meets the condition of DELETE: status = 'Cre",
        ),
        ("DELETE FROM inference_experiments WHERE nme = 'fraud'", 2, "there is no column nme; did you mean name?"),
        (
            "DELETE FROM inference_experiment_list_only WHERE name = 'a'",
            2,
            "did you mean inference_experiments_list_on",
        ),
        ("DELETE FROM inference_experiments_list_only WHERE name = 'a'", 2, "can only be read"),
        ("UPDATE inference_experiments SET Descripton = 'x' WHERE name = 'fraud'", 2, "did you mean Description?"),
        ("UPDATE inference_experiments SET role_am = 'x' WHERE name = 'fraud'", 2, "did you mean role_arn?"),
        ("UPDATE inference_experiments SET Xyz = 'x' WHERE name = 'fraud'", 2, "it can be PatchDocument, Data"),
        (
            "UPDATE inference_experiments SET Schedule = 'x' WHERE name = 'fraud'",
            2,
            "Schedule: is not an object in JSON",
        ),
        ("UPDATE inference_experiments SET RoleArn = 'arn:aws:iam::1:role/x' WHERE name = 'fraud'", 1, "at creation"),
        ("UPDATE inference_experiments SET WHERE name = 'fraud'", 2, "syntax error"),
        ("INSERT INTO inference_experiments SELECT 'x'", 2, "INSERT needs columns and their values"),
        ("INSERT INTO inference_experiments (Name, Type) SELECT 'x'", 2, "names 2 columns and gives 1 values"),
        ("INSERT INTO inference_experiments (Name) VALUES ('x'), ('y')", 2, "one experiment at a time, these are 2"),
        ("INSERT INTO inference_experiments (Type) VALUES ('ShadowMode')", 2, "INSERT needs the column Name"),
        (
            "INSERT INTO inference_experiments (\nNmae) VALUES ('x')",
            2,
            "SQL:2: Nmae: is not a property that can be set",
        ),
        (
            "INSERT INTO inference_experiments (Name) VALUES ('x') RETURNING arn",
            2,
            "RETURNING arn: it can be Identifier",
        ),
        (
            "INSERT INTO inference_experiments (Name, region) VALUES ('x', 'eu-west-1')",
            2,
            "--region us-east-1: the stat",
        ),
        (
            "UPDATE inference_experiments SET Description = 'x' WHERE name = 'fraud' AND name = 'b'",
            1,
            "meets the condi",
        ),
        ("MERGE INTO inference_experiments USING a ON true WHEN MATCHED THEN DELETE", 2, "this is MERGE"),
        (
            "EXEC aws.sagemaker.inference_experiments.stop @Name = 'a'",
            2,
            "write UPDATE ... SET DesiredState = 'Completed'",
        ),
        ("EXEC aws.sagemaker.inference_experiments.lst", 2, "there is no such method"),
        ("EXEC inference_experiments.list_inference_experiments @NameContain = 'a'", 2, "did you mean NameContains?"),
        ("EXEC inference_experiments.list_inference_experiments @@json = '{'", 2, "@@json: is not JSON"),
        ("EXEC inference_experiments.list_inference_experiments @@json = '[1]'", 2, "@@json: is not an object of par"),
        (
            "EXEC inference_experiments.list_inference_experiments @MaxResults = 'many'",
            2,
            "@MaxResults many: must be a wh",
        ),
        ("EXEC inference_experiments.list_inference_experiments @MaxResults = 0", 2, "@MaxResults 0: must be a whole"),
        ("EXEC inference_experiments.list_inference_experiments @StatusEquals = 'runing'", 2, "did you mean Running?"),
        (
            "EXEC inference_experiments.list_inference_experiments @CreationTimeAfter = 'soon'",
            2,
            "@CreationTimeAfter soon",
        ),
        ("EXEC inference_experiments.list_inference_experiments @NextToken = 'a'", 2, "all pages are read"),
        ("EXEC inference_experiments.list_inference_experiments @Type", 2, "@name = value"),
        ("EXEC inference_experiments.list_inference_experiments @Type < 'a'", 2, "not Type <"),
        ("SELECT name FROM inference_experiments WHERE name = '{{ name }}'", 2, "pass --parameter name=VALUE"),
        ("SELECT name FROM inference_experiments WHERE name = '<Name>'", 2, "'<Name>' is a placeholder"),
    ],
)
def test_what_is_refused_says_what_to_write(desk: Desk, sql: str, code: int, words: str) -> None:
    bring_to(desk)
    desk.sagemaker.add_endpoint("endpoint-2", "production", "model-1")
    desk.sagemaker.client().create_inference_experiment(**properties(Name="fraud-2", EndpointName="endpoint-2"))
    skip_to(desk, "Running", "fraud-2")
    desk.sagemaker.clear_calls()
    assert words in desk.refused(code, "query", sql, "--region", "us-east-1", *WRITE)
    assert desk.changes() == []


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("x", "SQL:2: PatchDocument: is not a JSON patch: Expecting value"),
        ('{"a": 1}', "is not a list of operations; write [{"),
        ("[]", "is not a list of operations; write [{"),
        ('[{"op": "add", "path": "/Nope/0", "value": 1}]', "cannot be applied"),
        ('[{"op": "add", "path": "/Nope", "value": 1}]', "Nope: is not a property"),
        ("{{ {} }}", 'is not {{ {"Property": value} | generate_patch_document }}'),
        ("{{ [] | generate_patch_document }}", "are not an object in JSON"),
        ('{{ {"a | generate_patch_document }}', "are not JSON"),
        ('{{ {"Schedule": "x"} | generate_patch_document }}', "Schedule is not an object in JSON"),
        ('{{ {"Schedule": {"EndTime": end_time}} | generate_patch_document }}', "pass --parameter end_time=VALUE"),
        ('{{ {"Tags": [tag]} | generate_patch_document }}', "tag has no value; write it in double quotes, or"),
    ],
)
def test_a_wrong_patch_document(desk: Desk, document: str, words: str) -> None:
    bring_to(desk)
    sql = f"UPDATE inference_experiments\nSET PatchDocument = string('{document}') WHERE name = 'fraud'"
    answer = desk.run("query", sql, *WRITE)
    assert answer.returncode in (1, 2)
    assert words in answer.stderr
    assert desk.changes() == []


def test_every_finding_of_an_insert_has_the_line_of_its_column(desk: Desk) -> None:
    variants = VALUES["model_variants"].replace("ml.m5.xlarge", "ml.m5.xlarg")
    sql = (
        "INSERT INTO inference_experiments (\n Name,\n Type,\n RoleArn,\n EndpointName,\n ModelVariants,\n"
        " ShadowModeConfig) "
        f"SELECT 'a_b', 'ShadowMode', '{VALUES['role_arn']}', 'endpoint', '{variants}', '{json.dumps(sampling(101))}'"
    )
    answer = desk.run("query", sql, *WRITE)
    assert answer.returncode == 1
    places = [line.split(": ")[1] for line in answer.stderr.splitlines()]
    assert places == ["SQL:2", "SQL:6", "SQL:6", "SQL:7"]


@pytest.mark.parametrize("several", [("--region", "us-east-1,eu-west-1"), ("--region", "all")])
def test_a_change_is_in_one_region(desk: Desk, several: tuple[str, ...]) -> None:
    sql = "UPDATE inference_experiments SET Description = 'x' WHERE name = 'fraud'"
    assert "pass one --region" in desk.refused(2, "query", sql, *several, *WRITE)


def test_each_name_of_a_table_reads_it(desk: Desk) -> None:
    bring_to(desk)
    for name, kind in tables.KINDS.items():
        rows = desk.ok("query", f"SELECT * FROM {'.'.join(name)}", "--format", "json").data()
        assert [list(row) for row in rows] == [list(tables.columns_of(kind))], name


def test_show_and_describe_need_no_account(desk: Desk, snapshot: SnapshotAssertion) -> None:
    for name in [name for name in desk.settings if name.startswith("AWS_")]:
        del desk.settings[name]
    for sql in (
        "SHOW TABLES",
        "SHOW TABLES IN awscc.sagemaker",
        "SHOW RESOURCES IN aws",
        "SHOW SERVICES IN aws;",
        "SHOW PROVIDERS",
        "SHOW METHODS IN inference_experiments_list_only",
        "SHOW EXTENDED COLUMNS FROM aws.sagemaker_inference_experiment",
        "DESCRIBE inference_experiments",
        "DESC TABLE aws.sagemaker_inference_experiment",
        "SELECT 1 AS one, 'two' AS \"Two Words\"",
    ):
        assert desk.ok("query", sql).stdout == snapshot(name=sql)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SHOW", "write SHOW PROVIDERS, SHOW SERVICES IN aws"),
        ("SHOW DATABASES", "write SHOW PROVIDERS"),
        ("SHOW TABLES IN azure", "no tables in azure"),
        ("SHOW SERVICES IN azure", "no tables in azure"),
        ("SHOW METHODS", "as in SHOW METHODS IN inference_experiments"),
        ("DESCRIBE SELECT 1", "as in DESCRIBE inference_experiments"),
        ("DESCRIBE aws.sagemaker.inference_experimnts", "did you mean aws.sagemaker.inference_experiments?"),
        ("DESCRIBE endpoints", "SHOW TABLES lists them"),
    ],
)
def test_show_and_describe_say_what_to_write(desk: Desk, sql: str, words: str) -> None:
    assert words in desk.refused(2, "query", sql)


def test_a_statement_in_a_file_and_a_wrong_parameter(desk: Desk) -> None:
    assert "pass a statement, or -f FILE" in desk.refused(2, "query")
    assert "pass a statement, or -f FILE" in desk.refused(2, "query", "SELECT 1", "-f", "x.sql")
    assert "x.sql: no such file" in desk.refused(2, "query", "-f", "x.sql")
    desk.write("x.sql", "INSERT INTO inference_experiments (Nmae) SELECT '{{ name }}'")
    message = desk.refused(2, "query", "-f", "x.sql", *WRITE, "--parameter", "nam=a")
    assert message == "--parameter nam: there is no placeholder {{ nam }}; did you mean name?"
    assert desk.refused(2, "query", "-f", "x.sql", *WRITE, "--parameter", "name=a").startswith("x.sql:1: Nmae: ")
    answer = desk.run("query", "-f", "-", "--format", "csv", stdin="SELECT 1 AS one, 2 AS one")
    assert answer.stdout == "one,one\n1,2\n"


def test_a_statement_that_takes_too_long_is_interrupted(desk: Desk) -> None:
    endless = "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b"
    assert "took longer than 0.2 s; raise --timeout" in desk.refused(4, "query", endless, "--timeout", "0.2")


def test_one_experiment_is_described_without_a_list(desk: Desk) -> None:
    bring_to(desk)
    sql = "SELECT name FROM inference_experiments WHERE name = 'fraud' AND status = 'Running'"
    assert desk.ok("query", sql, "--format", "csv").stdout == "name\nfraud\n"
    assert [call.operation for call in desk.sagemaker.calls] == ["DescribeInferenceExperiment", "ListTags"]
    both = f"{sql} UNION ALL SELECT name FROM inference_experiments"
    assert desk.ok("query", both, "--format", "csv").stdout == "name\nfraud\nfraud\n"


def test_columns_of_both_spellings_and_repeated_ones_keep_their_names(desk: Desk) -> None:
    bring_to(desk)
    sql = "SELECT RoleArn, role_arn, Identifier, name, name AS identifier FROM inference_experiments"
    assert desk.ok("query", sql).stdout.split()[:5] == ["RoleArn", "role_arn", "Identifier", "name", "identifier"]
    (row,) = desk.ok("query", "SELECT name, name, 1 AS name_1 FROM inference_experiments", "--format", "json").data()
    assert row == {"name": "fraud", "name_1": "fraud", "name_1_1": 1}


def test_methods_are_those_that_statements_have() -> None:
    verbs = {verb for methods in tables.METHODS.values() for _, verb, _ in methods}
    assert verbs <= set(Kind)
    assert set(tables.METHODS) == set(tables.TABLES) == set(tables.TITLES)


def sql_blocks() -> list[str]:
    page = (ROOT / "docs" / "inventory.md").read_text(encoding="utf-8")
    return re.findall(r"```sql\n(.*?)```", page, re.DOTALL)


def test_every_statement_of_the_page_runs(desk: Desk, snapshot: SnapshotAssertion) -> None:
    bring_to(desk)
    desk.sagemaker.add_endpoint("endpoint-2", "production", "model-1")
    for number, sql in enumerate(sql_blocks()):
        kind = read_statement(re.sub(r"\{\{ \w+ \}\}", "x", sql)).kind
        answer = desk.ok("query", sql, *WRITE, "--format", "yaml", *parameters_of(sql))
        assert steady(re.sub(r"command-line/[\w-]+/[\w-]+", "OWNER", answer.stdout)) == snapshot(
            name=f"{number} {kind}"
        )
