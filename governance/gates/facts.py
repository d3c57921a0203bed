"""What does the gate know? Plain values, gathered by the selectors; times are aware."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Stay:
    """A version stood in a stage, in production at a step of its rollout, from a time until a time or to this day."""

    stage: str
    rollout: str
    since: datetime
    until: datetime | None = None

    def lasted(self, now: datetime) -> timedelta:
        return (self.until or now) - self.since


@dataclass(frozen=True, slots=True)
class Subject:
    """What the gate decides about, by content: exactly this artifact, this evidence, under these policies.

    `policy_sha256` is the digest of the set of policies. `can_move` says whether the stages know a way from where the
    version stands (`stage`, `rollout`) to the target at all. `stays` is where it has stood, oldest first. `step` is the
    step of production that it wants to reach: its own when it is certified anew where it stands.
    """

    artifact_sha256: str
    evidence_sha256: str
    policy_sha256: str
    registered_by: str
    requested_by: str
    trained_by: str = ""
    evidence_authors: frozenset[str] = frozenset()
    policy_authors: frozenset[str] = frozenset()
    can_move: bool = True
    stage: str = ""
    rollout: str = ""
    stays: tuple[Stay, ...] = ()
    step: str = ""


@dataclass(frozen=True, slots=True)
class ResultFact:
    """The newest run of one requirement's check over exactly the subject's inputs.

    `verdict` is None while the run has no result yet. `findings` are the stable keys of what the check holds against
    the version.
    """

    run_uid: str
    verdict: str | None
    sentence: str = ""
    completed_at: datetime | None = None
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentFact:
    """A document of the version: its headings, lower case, and when it joined the evidence."""

    sections: frozenset[str]
    attached_at: datetime


@dataclass(frozen=True, slots=True)
class ConditionFact:
    """What an approver made a yes depend on: due at a time, met at a time or not yet."""

    due_at: datetime
    met_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApprovalFact:
    """What one person said, bound to the content that person saw; `on_behalf_of` names who delegated the right."""

    approver: str
    group: str
    is_entitled: bool
    is_refusal: bool
    artifact_sha256: str
    evidence_sha256: str
    policy_sha256: str
    given_at: datetime
    on_behalf_of: str = ""
    is_reauthenticated: bool = False
    meaning: str = ""
    is_recused: bool = False
    conditions: tuple[ConditionFact, ...] = ()

    @property
    def people(self) -> frozenset[str]:
        """Everybody whose word this is."""
        return frozenset({self.approver, self.on_behalf_of} - {""})


@dataclass(frozen=True, slots=True)
class WaiverFact:
    """An acceptance of one requirement (`finding` empty) or of one finding of it, from a time until a time."""

    uid: str
    policy: str
    requirement: str
    finding: str
    granted_by: str
    granted_at: datetime
    expires_at: datetime
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class BreakGlassFact:
    """Two people went past the policies in an emergency."""

    uid: str
    invoked_by: str
    confirmed_by: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that speaks for or against a move.

    `results` are by requirement key (policy/id), `documents` by kind.
    """

    results: Mapping[str, ResultFact] = field(default_factory=dict)
    documents: Mapping[str, DocumentFact] = field(default_factory=dict)
    approvals: tuple[ApprovalFact, ...] = ()
    waivers: tuple[WaiverFact, ...] = ()
    break_glass: BreakGlassFact | None = None
