"""A role with its documents, as the readers of dumps and templates build it."""

from dataclasses import dataclass, field

from iam_policy.evaluate.decision import Policies
from iam_policy.parse.document import Document


@dataclass(frozen=True)
class Role:
    """One role (or other principal): its policies and, where it is known, its trust policy."""

    name: str
    policies: Policies = field(default_factory=Policies)
    trust: Document | None = None

    def documents(self) -> tuple[Document, ...]:
        """Return every document of the role."""
        boundary = (self.policies.boundary,) if self.policies.boundary else ()
        trust = (self.trust,) if self.trust else ()
        return (*self.policies.identity, *boundary, *trust)
