"""Which acts does this floor put on the trail?"""

ACTIONS = {
    "model.registered": "A line of versions was named, with its owner and risk tier.",
    "model.registered_again": "A line of versions that was deleted was named again; its numbers go on.",
    "model.annotated": "A model was described anew, or its tags changed; no policy reads them.",
    "model.renamed": "A model got another name; its entries keep the one it was registered under.",
    "model.deleted": "A model was deleted with all its versions; their numbers stay taken and their entries stay.",
    "version.registered": "An artifact and its evidence, or a source alone, became a version.",
    "version.annotated": "A version was described anew, or its tags changed; no policy reads them.",
    "version.moved": "A version moved to another stage.",
    "version.deleted": "A version was deleted; its number stays taken and its entries stay.",
    "artifact.bound": "The artifact of a version that was registered by its source alone became known, by digest.",
    "evidence.attached": "A table or a document joined a version's evidence.",
    "dependency.recorded": "A version was said to consume what another one puts out.",
    "alias.assigned": "An alias came to point at a version.",
    "alias.withdrawn": "An alias points at nothing any more.",
}
