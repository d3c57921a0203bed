"""What can be wrong with a request about models and versions?"""

from audits.errors import DomainError


class UnknownModel(DomainError):
    code, status = "unknown_model", 404


class UnknownVersion(DomainError):
    code, status = "unknown_version", 404


class NameTaken(DomainError):
    code, status = "name_taken", 409


class MoveImpossible(DomainError):
    code, status = "move_impossible", 409


class VersionLive(DomainError):
    code, status = "version_live", 409


class VersionDeleted(DomainError):
    code, status = "version_deleted", 409


class VersionRetired(DomainError):
    code, status = "version_retired", 409


class ArtifactKnown(DomainError):
    code, status = "artifact_known", 409
