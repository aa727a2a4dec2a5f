"""Mutation testing of the planner, the policy evaluator and the values of a template: make mutation.

Each mutant changes one expression of a module. The tests of the module run in a forked process, which imports the
mutant instead of the file: no file is written. A mutant with which every test passes survives.
"""

import argparse
import ast
import contextlib
import os
import random
import resource
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import metadata
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
TEST_CPU_SECONDS: Final = 30
EVALUATE: Final = ("conditions", "decision", "explain", "operators", "principals", "request", "statements")
TESTS: Final = {
    **{f"src/inference_experiment/{name}.py": "tests/src/test_planner.py" for name in ("planner", "actions")},
    **{f"lib/iam_policy/evaluate/{name}.py": "tests/lib/iam_policy/test_iam_evaluate.py" for name in EVALUATE},
    "lib/cfn_template/evaluator.py": "tests/lib/cfn_template/test_values.py",
    "lib/cfn_template/values.py": "tests/lib/cfn_template/test_values.py",
}
PAIRS: Final = (
    *((ast.Eq, ast.NotEq), (ast.In, ast.NotIn), (ast.Is, ast.IsNot)),
    *((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.And, ast.Or)),
)
FLIPS: Final[dict[Any, Any]] = {**dict(PAIRS), **{right: left for left, right in PAIRS}}


class Mutation(NamedTuple):
    """A new value for a field of a syntax node."""

    kind: str
    node: Any
    field: str
    value: Any


def mutations(tree: ast.Module) -> Iterator[Mutation]:
    """Yield the mutations of a module; annotations, decorators, docstrings and the texts of messages stay."""
    parts = [getattr(node, name, None) for node in ast.walk(tree) for name in ("annotation", "returns")]
    parts += [part for node in ast.walk(tree) for part in getattr(node, "decorator_list", ())]
    kept = {id(node) for part in filter(None, parts) for node in ast.walk(part)}
    for node in (node for node in ast.walk(tree) if id(node) not in kept):
        if isinstance(node, ast.Compare):
            yield Mutation("comparison", node, "ops", [FLIPS[type(node.ops[0])](), *node.ops[1:]])
        elif isinstance(node, ast.BoolOp):
            yield Mutation("and/or", node, "op", FLIPS[type(node.op)]())
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield Mutation("not", node, "operand", ast.UnaryOp(ast.Not(), node.operand))
        elif isinstance(node, ast.Constant) and (changed := _changed(node.value)) is not None:
            yield Mutation("constant", node, "value", changed)
        elif isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) != "None":
            yield Mutation("return value", node, "value", ast.Constant(None))


def _changed(value: object) -> object:
    if isinstance(value, bool | int):
        return not value if isinstance(value, bool) else value + 1
    return f"{value}1" if isinstance(value, str) and " " not in value else None


class Mutant(SourceFileLoader):
    """Finder and loader of a module with changed code."""

    code: CodeType

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        """Return the specification of the module, nothing for others."""
        return ModuleSpec(fullname, self, origin=self.path) if fullname == self.name else None

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the loader's signature
        """Return the changed code."""
        return self.code


def survives(name: str, tree: ast.Module, mutation: Mutation) -> bool:
    """Tell whether the tests of a module pass with a mutation; too much time counts as a failure."""
    original = getattr(mutation.node, mutation.field)
    setattr(mutation.node, mutation.field, mutation.value)
    module = name.removesuffix(".py").partition("/")[2].replace("/", ".")
    mutant = Mutant(module, str(ROOT / name))
    mutant.code = compile(ast.fix_missing_locations(tree), name, "exec")
    setattr(mutation.node, mutation.field, original)
    process = os.fork()
    if process:
        return os.waitpid(process, 0)[1] == 0
    resource.setrlimit(resource.RLIMIT_CPU, (TEST_CPU_SECONDS, TEST_CPU_SECONDS))
    sys.meta_path.insert(0, mutant)
    with open(os.devnull, "w") as null, contextlib.redirect_stdout(null), contextlib.redirect_stderr(null):  # noqa: PTH123
        failed = pytest.main(["-x", "--assert=plain", "-p", "no:cacheprovider", str(ROOT / TESTS[name])])
    os._exit(int(failed != 0))


def main() -> None:
    """Test a random sample of all mutants, the same one in every run, and write the page."""
    parser = argparse.ArgumentParser(description="Mutation testing of planner, policy evaluator and template values.")
    parser.add_argument("--cpu-seconds", type=float, default=600, help="CPU time after which to stop (default: 600)")
    parser.add_argument("--output", type=Path, required=True, help="the Markdown page to write")
    options = parser.parse_args()
    for plugin in metadata.entry_points(group="pytest11"):
        plugin.load()  # once, before the processes fork
    trees = {name: ast.parse((ROOT / name).read_bytes()) for name in TESTS}
    for name, tree in trees.items():
        if not survives(name, tree, Mutation("none", tree, "body", tree.body)):
            sys.exit(f"{TESTS[name]} fails without any mutation")
    mutants = [(name, mutation) for name, tree in trees.items() for mutation in mutations(tree)]
    random.Random(1).shuffle(mutants)  # noqa: S311 - a sample, not a secret
    tested: Counter[str] = Counter()
    survivors: list[tuple[str, int, str]] = []
    for name, mutation in mutants:
        if resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime > options.cpu_seconds:
            break
        tested[name] += 1
        if survives(name, trees[name], mutation):
            survivors.append((name, mutation.node.lineno, mutation.kind))
    options.output.write_text(page(tested, sorted(survivors), len(mutants)), encoding="utf-8")


def page(tested: Counter[str], survivors: list[tuple[str, int, str]], total: int) -> str:
    """Return docs/reference/mutation.md."""
    survived, kinds = Counter(name for name, *_ in survivors), Counter(kind for *_, kind in survivors)
    lines = [
        "# Mutation testing\n",
        "Written by `make mutation`: one expression is changed at a time, and the tests of its module have to fail.\n",
        f"Killed: {tested.total() - len(survivors)} of {tested.total()} mutants, a random sample of {total}.\n",
        "| module | killed | tested |\n|---|---|---|",
        *(f"| `{name}` | {tested[name] - survived[name]} | {tested[name]} |" for name in TESTS),
        f"\nSurvivors: {', '.join(f'{kind} {count}' for kind, count in kinds.most_common()) or 'none'}.\n",
        *(f"- `{name}:{line}`: {kind}" for name, line, kind in survivors),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
