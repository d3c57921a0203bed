"""Which names move by promotion alone, and which are free?"""

from governance.models import Promotion
from governance.selectors.policies import rules_about
from registry.models import RegisteredModel

# The name a promotion moves unless it says otherwise: governed in a new model, too, before anything was promoted.
CHAMPION = "champion"


def what_governs(model: RegisteredModel, alias: str) -> str:
    """Return why nobody may assign an alias of a model by hand, in half a sentence; empty for a free one."""
    if alias == CHAMPION:
        return "promotions move it unless they name another"
    for item in rules_about(model).items:
        if alias in item.policy.scope.aliases:
            return f"the policy {item.policy.name} guards it"
    if Promotion.objects.filter(version__model=model, alias=alias).exists():
        return "a promotion was asked for under it"
    return ""
