"""Which acts does this floor put on the trail?"""

ACTIONS = {
    "model.registered": "A line of versions was named, with its owner and risk tier.",
    "version.registered": "An artifact and its evidence became a version.",
    "version.moved": "A version moved to another stage.",
    "alias.assigned": "An alias came to point at a version.",
}
