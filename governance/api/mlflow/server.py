"""What kind of server is this? Asked by clients before anything else."""

from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.mlflow.frame import ClientDoor
from governance.api.reach import NO_MODEL
from governance.roles import Verb


class ServerInfoDoor(ClientDoor):
    """Only a client with an active workspace asks, and learns that there are none."""

    verbs = {"GET": Verb.READ}
    reach = NO_MODEL

    def get(self, request: Request) -> Response:
        return Response({"store_type": "Countersign", "workspaces_enabled": False})
