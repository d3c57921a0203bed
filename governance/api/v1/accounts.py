"""Who can sign in or hold a token, and which roles do they have?"""

from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from governance.api.door import Door, actor_of, read_body, read_query
from governance.api.fields import ActorField, Choice, Line, PageQuery, Strict, given
from governance.api.schema import document, paged
from governance.errors import UnknownAccount
from governance.models import Account, AccountKind, RoleGrant
from governance.roles import Group, Role, Verb
from governance.services.accounts import create_account, grant_role, revoke_role

ROLES = [role.value for role in Role]
GROUPS = [group.value for group in Group]


class AccountRequest(Strict):
    login = serializers.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9@._+-]{0,149}\Z",
        trim_whitespace=False,
        error_messages={"invalid": "A login has 1 to 150 letters, digits, dots, dashes, underscores, @ or +."},
    )
    display_name = Line(max_length=200, help_text="Shown to people; the trail has the uid only.")
    kind = Choice(
        AccountKind.choices, default=AccountKind.PIPELINE, help_text="pipeline: a service account, which holds tokens."
    )
    password = serializers.CharField(
        required=False, max_length=1000, trim_whitespace=False, write_only=True, help_text="Of a person."
    )

    def validate(self, body: dict[str, str]) -> dict[str, str]:
        if body["kind"] == AccountKind.PIPELINE and "password" in body:
            raise serializers.ValidationError({"password": "A service account has none; issue a token for it."})
        return body


class RoleRequest(Strict):
    role = Choice(ROLES)
    group = Choice(GROUPS, required=False, help_text="Of a reviewer: what for.")


class RoleShown(serializers.Serializer[RoleGrant]):
    """A role that an account holds."""

    role = Choice(ROLES)
    group = serializers.CharField(help_text="Of a reviewer; else empty.")
    granted_by = ActorField()
    granted_at = serializers.DateTimeField()


class AccountShown(serializers.Serializer[Account]):
    """A person, or a service account (pipeline)."""

    uid = serializers.UUIDField()
    login = serializers.CharField()
    display_name = serializers.CharField()
    kind = Choice(AccountKind.choices)
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    roles = serializers.SerializerMethodField()

    @extend_schema_field(RoleShown(many=True))
    def get_roles(self, account: Account) -> object:
        return RoleShown(account.held, many=True, context=self.context).data  # type: ignore[attr-defined]


class AccountQuery(PageQuery):
    kind = Choice(AccountKind.choices, required=False)
    login = Line(required=False, max_length=150)


def _accounts() -> QuerySet[Account]:
    held = RoleGrant.objects.filter(revocation__isnull=True).order_by("pk")
    return Account.objects.prefetch_related(Prefetch("role_grants", queryset=held, to_attr="held"))


def _get(uid: UUID) -> Account:
    """Return the account of that uid with the roles it holds. Raises: UnknownAccount."""
    account = _accounts().filter(uid=uid).first()
    if account is None:
        raise UnknownAccount(f"There is no account {uid}.")
    return account


class AccountsDoor(Door):
    verbs = {"GET": Verb.ADMINISTER, "POST": Verb.ADMINISTER}

    @document(
        "create_account",
        "Create a service account, or let a person in; without any role",
        tag="accounts",
        acts=True,
        body=AccountRequest,
        answer=AccountShown,
        status=201,
        refusals={409: ["account_exists"]},
        example={"login": "credit-training", "display_name": "Credit training", "kind": "pipeline"},
    )
    def post(self, request: Request) -> Response:
        account = create_account(actor=actor_of(request), **read_body(request, AccountRequest))
        return _answered(self, account.uid)

    @document(
        "list_accounts",
        "List accounts with the roles they hold, newest first",
        tag="accounts",
        query=AccountQuery,
        answer=paged(AccountShown),
    )
    def get(self, request: Request) -> Response:
        query = read_query(request, AccountQuery)
        return self.listed(AccountShown, _accounts().filter(**given(query, {"kind": "kind", "login": "login"})), query)


class AccountDoor(Door):
    verbs = {"GET": Verb.ADMINISTER}

    @document(
        "get_account",
        "Read an account and the roles it holds",
        tag="accounts",
        path=["uid"],
        answer=AccountShown,
        refusals={404: ["unknown_account"]},
    )
    def get(self, request: Request, uid: UUID) -> Response:
        return self.shown(AccountShown, _get(uid))


class RolesDoor(Door):
    verbs = {"POST": Verb.ADMINISTER}

    @document(
        "grant_role",
        "Give an account a role",
        tag="accounts",
        path=["uid"],
        acts=True,
        body=RoleRequest,
        answer=AccountShown,
        status=201,
        refusals={404: ["unknown_account"]},
        example={"role": "contributor"},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        role, group = _named(read_body(request, RoleRequest))
        grant_role(actor=actor_of(request), account=_get(uid), role=role, group=group)
        return _answered(self, uid)


class RoleRevocationDoor(Door):
    verbs = {"POST": Verb.ADMINISTER}

    @document(
        "revoke_role",
        "Take a role away; one that is not held stays so",
        tag="accounts",
        path=["uid"],
        acts=True,
        body=RoleRequest,
        answer=AccountShown,
        status=201,
        refusals={404: ["unknown_account"]},
        example={"role": "contributor"},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        role, group = _named(read_body(request, RoleRequest))
        for grant in _get(uid).held:  # type: ignore[attr-defined]
            if (grant.role, grant.group) == (role, group or ""):
                revoke_role(actor=actor_of(request), grant=grant)
        return _answered(self, uid)


def _named(body: dict[str, str]) -> tuple[Role, Group | None]:
    return Role(body["role"]), Group(body["group"]) if "group" in body else None


def _answered(door: Door, uid: UUID) -> Response:
    return door.created(AccountShown, _get(uid), location=reverse("account", kwargs={"uid": uid}))
