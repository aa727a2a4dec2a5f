"""cfn-lint, loaded when something is to be linted or formatted: importing it takes a second."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from inference_experiment_cli.lint.configuration import RunKind
from inference_experiment_cli.lint.results import TemplateResult

if TYPE_CHECKING:
    from inference_experiment_cli.lint.engine import Engine


class Loader:
    """The engine of one run. `contents` has the templates that can be read once only: standard input and pipes."""

    def __init__(self, kind: RunKind) -> None:
        self.kind = kind
        self.contents: dict[str, bytes] = {}

    @cached_property
    def engine(self) -> "Engine":
        """Load cfn-lint, with its configuration and all rules. Raises UsageError."""
        from inference_experiment_cli.lint.engine import Engine  # noqa: PLC0415 - see above

        engine = Engine(self.kind.arguments, self.kind.types)
        engine.contents = self.contents
        return engine

    @cached_property
    def _lint(self) -> Callable[[str], TemplateResult]:
        if not self.kind.only_experiments:
            return self.engine.lint
        from inference_experiment_cli.lint.experiments import ExperimentsOnly  # noqa: PLC0415 - see above

        return ExperimentsOnly(self.engine).lint

    def lint(self, path: str) -> TemplateResult:
        """Return the result of one template. Raises UsageError."""
        return self._lint(path)
