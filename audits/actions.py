"""Which acts does this floor put on the trail?"""

ACTIONS = {
    "table.declared": "A table was put on record, with what its columns mean.",
    "artifact.declared": "A model's artifact was put on record.",
    "document.declared": "A document was put on record, with what kind it is and its headings.",
    "check_run.ordered": "A check was ordered over inputs named by digest.",
    "check_run.completed": "A check run ended with a verdict.",
    "key.rotated": "The key that signs the trail was followed by another, and both signed for it.",
    "key.revoked": "A key of the trail is not to be believed any more; if it was in force, another followed it.",
}
