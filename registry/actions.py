"""Which acts does this floor put on the trail?"""

ACTIONS = {
    "model.registered": "A line of versions was named, with its owner and risk tier.",
    "version.registered": "An artifact and its evidence became a version.",
    "version.moved": "A version moved to another stage.",
    "version.deleted": "A version was deleted; its number stays taken and its entries stay.",
    "evidence.attached": "A table or a document joined a version's evidence.",
    "dependency.recorded": "A version was said to consume what another one puts out.",
    "alias.assigned": "An alias came to point at a version.",
    "alias.withdrawn": "An alias points at nothing any more.",
}
