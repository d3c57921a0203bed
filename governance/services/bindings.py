"""How does it become known what a version is that was registered by its source alone?"""

from audits.evidence import Evidence
from audits.trail import Actor, now, record
from governance.roles import Verb
from governance.services._fitness import refuse_unfit_artifact
from governance.services.attachments import hear_of_news
from governance.services.authority import authorise
from registry import services as registry
from registry.errors import VersionRetired
from registry.models import ArtifactBinding, ModelVersion, VersionStage
from registry.stages import Stage


def bind_artifact(*, actor: Actor, version: ModelVersion, artifact: Evidence) -> ArtifactBinding:
    """Say by digest what a version is. From then on it is checked, approved and moved like any other.

    The bytes are the pipeline's word for what its source holds: whoever deploys compares the digest.
    Records: artifact.bound, check_run.ordered for each check, and what settling each open promotion records.
    Raises: NotEntitled, EvidenceUnfit, ArtifactKnown, VersionRetired, VersionDeleted.
    Idempotent: by version and artifact. Locks: the model, then the version's open promotions.
    """
    authorise(actor, Verb.REGISTER)
    refuse_unfit_artifact(version.model, artifact)
    with record(actor=actor, at=now()) as recording:
        registry.lock_versions(version.model_id)
        registry.refuse_deleted(version)
        if VersionStage.objects.get(version=version).stage == Stage.RETIRED:
            raise VersionRetired(f"{version} is retired.")
        binding = registry.bind_artifact(recording=recording, version=version, artifact=artifact)
        hear_of_news(recording=recording, version=version)
    return binding
