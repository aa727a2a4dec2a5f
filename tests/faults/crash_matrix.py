"""The crash matrix: every network call of every operation fails in every way, then what AWS does about it.

Run as `python tests/faults/crash_matrix.py` (make faults). The function runs in awslambdaric; faults are injected
at its network edge (fault_edge.py). After each case the invariants of stack_invariants.py hold.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "faults")]

from fault_edge import KINDS, PUT_RESPONSE, EdgeFiles, Plan  # noqa: E402
from operations_under_fault import FOREIGN, OPERATIONS, Operation, set_up  # noqa: E402
from stack_invariants import Handled, breaches, differences, experiments, foreign, foreign_breaches  # noqa: E402

from protocol_driver.cloud import ProtocolCloud  # noqa: E402 - the path comes first
from protocol_driver.function import RuntimeFunction  # noqa: E402
from protocol_driver.stack import Stack  # noqa: E402

ONCE, WHOLE, FOR_GOOD = "one send", "whole call", "for good"
FUNCTION_TIMEOUT = 13.0
PAGE = ROOT / "docs" / "faults.md"
# The calls that are sent again without another look, and how often; the loop observes again after any other.
REPEATED = {PUT_RESPONSE: 3, "SendMessage": 3}
BOOT_CODE = f"""\
import sys
sys.path.append({str(ROOT / "tests" / "faults")!r})
import fault_edge
fault_edge.install(clock.path.parent)
"""


@dataclass(frozen=True)
class Case:
    """One fault in one operation: `number` and `call` say where, `extent` how long."""

    operation: str
    number: int
    call: str
    kind: str
    extent: str

    def __str__(self) -> str:
        return f"{self.operation} / {self.number}:{self.call} / {self.kind} / {self.extent}"

    @property
    def plan(self) -> Plan:
        """The fault as the edge understands it."""
        sends = 1 if self.extent == ONCE else REPEATED.get(self.call, 1)
        return Plan(self.number, self.kind, sends, self.extent == FOR_GOOD)


@dataclass(frozen=True)
class Result:
    """What became of a case; no breaches means that it was survived."""

    case: Case
    status: str
    breaches: tuple[str, ...]


class Matrix:
    """Runs cases in one process of the function, restarted where a fault kills it."""

    def __init__(self, cloud: ProtocolCloud) -> None:
        if not isinstance(cloud.function, RuntimeFunction):
            raise TypeError("faults need a function in a process of its own")
        cloud.function.add_boot_code(BOOT_CODE)
        self._cloud = cloud
        self._files = EdgeFiles(cloud.directory)
        self._seen: list[str] = []

    def calls(self, operation: Operation) -> list[str]:
        """Return the calls of an undisturbed run; RuntimeError if even that breaks an invariant."""
        status, found = self._run(operation, None)
        if found:
            raise RuntimeError(f"{operation.name} without a fault ({status}): " + "; ".join(found))
        return self._seen

    def run(self, case: Case) -> Result:
        """Run a case and check everything that must hold."""
        operation = next(each for each in OPERATIONS if each.name == case.operation)
        status, found = self._run(operation, case.plan)
        return Result(case, status, tuple(found))

    def _run(self, operation: Operation, plan: Plan | None) -> tuple[str, list[str]]:
        cloud = self._cloud
        self._files.write_plan(None)
        set_up(cloud)
        cloud.function.timeout = FUNCTION_TIMEOUT
        stack = operation.prepare(cloud)
        cloud.clock.advance(20.0)
        strangers = [
            foreign(cloud, name)
            for name in (FOREIGN, "test")
            if operation.name == "create, name taken" or name == FOREIGN
        ]
        cloud.sagemaker.clear_calls()
        handled = Handled(cloud)
        before, kept = len(stack.requests), [foreign(cloud, name) for name in experiments(cloud)]
        self._files.write_plan(plan)
        operation.begin(cloud, stack)
        self._settle(stack, before, plan)
        cloud.drain()
        watched = [*strangers, *kept] if operation.late else strangers
        found = [*breaches(cloud, stack), *(text for each in watched for text in foreign_breaches(cloud, each))]
        found += handled.stale_breaches()
        if operation.late and len(experiments(cloud)) != len(kept):
            found.append(f"{set(experiments(cloud))} are there, {[each.name for each in kept]} were")
        if _must_fit(operation, stack):
            found += differences(cloud, stack)
        status, self._seen = stack.status, self._files.calls()
        if status.endswith("_FAILED") and plan and not plan.for_good and plan.kind != "denied":
            found.append(f"a fault that passes by itself left the stack in {status}: {stack.answer.reason}")
        return status, found + self._recover(stack)

    def _settle(self, stack: Stack, before: int, plan: Plan | None) -> None:
        """Let the operation end; what was out of order for good works again once the first request has ended."""
        while stack.in_progress and self._cloud.step():
            if plan and plan.for_good and len(stack.requests) > before + 1:
                self._files.write_plan(None)

    def _recover(self, stack: Stack) -> list[str]:
        """Do what a user does about a stack that failed, with everything in order; it must work."""
        self._files.write_plan(None)
        if stack.status == "UPDATE_ROLLBACK_FAILED":
            stack.begin_continue_rollback()
        elif stack.status in {"DELETE_FAILED", "ROLLBACK_FAILED"}:
            stack.begin_delete()
        else:
            return []
        self._cloud.settle()
        self._cloud.drain()
        if stack.status not in {"UPDATE_ROLLBACK_COMPLETE", "DELETE_COMPLETE"}:
            return [f"repeating does not help: {stack.status}, {stack.answer.reason}"]
        return breaches(self._cloud, stack)


def _must_fit(operation: Operation, stack: Stack) -> bool:
    """Return whether the experiment must be as the stack's template says.

    After a rollback it must, unless the rollback has said what it could not undo, or the test had ended before.
    """
    if stack.physical_id is None:
        return False
    if stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        return True
    taken_back = "overtaken" in operation.name and not operation.name.startswith(("stop", "promotion"))
    return stack.status == "UPDATE_ROLLBACK_COMPLETE" and taken_back and not stack.answer.reason


def cases_of(operation: str, calls: Sequence[str]) -> Iterator[Case]:
    """Yield the cases of an operation from the calls of its undisturbed run."""
    for number, call in enumerate(calls):
        for kind in KINDS:
            if kind.startswith("killed"):
                yield Case(operation, number, call, kind, ONCE)
                continue
            if kind != "denied" and call in REPEATED:
                yield Case(operation, number, call, kind, ONCE)
            yield Case(operation, number, call, kind, WHOLE)
            if calls.index(call) == number and kind in {"denied", "refused"}:
                yield Case(operation, number, call, kind, FOR_GOOD)


def run_operation(name: str) -> list[Result]:
    """Run every case of an operation, in a cloud of its own."""
    operation = next(each for each in OPERATIONS if each.name == name)
    with ProtocolCloud(task_root=ROOT / "src") as cloud:
        matrix = Matrix(cloud)
        return [matrix.run(case) for case in cases_of(name, matrix.calls(operation))]


def table(results: Iterable[Result]) -> Iterator[str]:
    """Yield a Markdown table: operation and call, then survived/cases per fault, then totals."""
    results = list(results)
    cases = Counter((each.case.operation, each.case.call, each.case.kind) for each in results)
    survived = Counter((each.case.operation, each.case.call, each.case.kind) for each in results if not each.breaches)
    yield "| operation | call | " + " | ".join(KINDS) + " |"
    yield "|---|---|" + "---|" * len(KINDS)
    for operation, call in dict.fromkeys((each.case.operation, each.case.call) for each in results):
        cells = ((survived[operation, call, kind], cases[operation, call, kind]) for kind in KINDS)
        yield f"| {operation} | {call} | " + " | ".join(f"{good}/{total}" for good, total in cells) + " |"
    good = sum(not each.breaches for each in results)
    total_breaches = sum(len(each.breaches) for each in results)
    yield ""
    yield f"Cases: {len(results)} · survived: {good} · invariant breaches: {total_breaches}"


def main() -> int:
    """Run the matrix, print it and write it to the page; 1 if anything broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--operation", action="append", help="only these operations; writes no page")
    parser.add_argument("--results", type=Path, help="write every case here, as JSON lines")
    arguments = parser.parse_args()
    began = time.perf_counter()
    names = arguments.operation or [operation.name for operation in OPERATIONS]
    with ProcessPoolExecutor(arguments.jobs) as pool:
        results: list[Result] = []
        for name, part in zip(names, pool.map(run_operation, names), strict=True):
            results += part
            say(f"{name}: {len(part)} cases, {sum(bool(each.breaches) for each in part)} not survived")
    lines = list(table(results))
    say("\n".join(lines))
    for result in results:
        if result.breaches:
            say(f"BREACH {result.case} -> {result.status}: " + "; ".join(result.breaches))
    if arguments.results:
        dumped = (json.dumps([str(each.case), each.status, each.breaches]) for each in results)
        arguments.results.write_text("\n".join(dumped) + "\n")
    say(f"{time.perf_counter() - began:.0f} s")
    if not arguments.operation:
        write_page(lines)
    return int(any(each.breaches for each in results))


def say(text: str) -> None:
    """Write a line to the terminal at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def write_page(lines: Sequence[str]) -> None:
    """Put the table between the markers of the page."""
    text = PAGE.read_text() if PAGE.exists() else "<!-- matrix -->\n<!-- /matrix -->\n"
    head, _, rest = text.partition("<!-- matrix -->")
    tail = rest.partition("<!-- /matrix -->")[2]
    PAGE.write_text("\n".join([head + "<!-- matrix -->", *lines, "<!-- /matrix -->" + tail]))


if __name__ == "__main__":
    sys.exit(main())
