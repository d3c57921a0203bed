"""Ask for checks in the installation that the environment names, from a process of its own.

Run as `python -m tests.orders ROWS VERSIONS`: registers versions with a table of so many rows, asks for their
promotion and prints what it ordered as JSON.
"""

import json
import sys

import django

django.setup()

from audits.runs import CheckRun  # noqa: E402 - models need the setup above
from governance.errors import UnknownAccount  # noqa: E402
from governance.models import Account  # noqa: E402
from governance.services.accounts import get_account  # noqa: E402
from registry.errors import UnknownModel  # noqa: E402
from registry.selectors import get_model  # noqa: E402
from tests import make  # noqa: E402


def pipeline() -> Account:
    try:
        return get_account("training-pipeline")
    except UnknownAccount:
        make.policy()
        return make.contributor()


def order(rows: int, versions: int) -> dict[str, list[str]]:
    by = pipeline()
    try:
        model = get_model("care-programme")
    except UnknownModel:
        model = make.model(by)
    text = (
        make.TABLE.splitlines()[0]
        + "\n"
        + "".join(f"p{n},{int(n % 3 == 0)},{int(n % 3 == 0)},{'female' if n % 2 else 'male'}\n" for n in range(rows))
    )
    promotions = []
    for seed in range(1, versions + 1):
        version = make.version(by, model, seed=seed, text=text)
        promotions.append(str(make.promotion(by, version).uid))
    runs = CheckRun.objects.order_by("id").values_list("uid", flat=True)
    return {"promotions": promotions, "runs": [str(uid) for uid in runs]}


if __name__ == "__main__":
    print(json.dumps(order(int(sys.argv[1]), int(sys.argv[2]))))  # noqa: T201
