"""What does a monitoring system read, so that somebody is called when the trail is not signed or not witnessed?"""

from django.http import HttpResponse
from rest_framework.request import Request

from audits.trail import newest_checkpoint, newest_skew, trail_state
from governance.api.log import PublicDoor

FORMAT = "text/plain; version=0.0.4; charset=utf-8"


class MetricsDoor(PublicDoor):
    """Numbers in the text format of Prometheus."""

    def get(self, request: Request) -> HttpResponse:
        state, newest = trail_state(), newest_checkpoint()
        lines: list[str] = []
        for name, meaning, value in (
            ("entries", "Entries recorded in the trail.", state["size"]),
            ("signed_entries", "Entries under the newest checkpoint.", state["signed_size"]),
            ("witnessed_entries", "Entries that enough witnesses have seen.", state["witnessed_size"]),
            ("unsigned_entries", "Entries that no checkpoint covers yet.", state["size"] - state["signed_size"]),
            ("unwitnessed_entries", "Entries whose place only our own key vouches for.", state["unwitnessed"]),
            (
                "checkpoint_timestamp_seconds",
                "When the newest checkpoint was signed, in seconds of POSIX time; 0 for never.",
                int(newest.signed_at.timestamp()) if newest else 0,
            ),
            (
                "clock_skew_seconds",
                "By how much the trail's clock was ahead of the acting machine's at the newest entry.",
                int(newest_skew().total_seconds()),
            ),
        ):
            full_name = f"countersign_trail_{name}"
            lines += [f"# HELP {full_name} {meaning}", f"# TYPE {full_name} gauge", f"{full_name} {value}"]
        return HttpResponse("\n".join(lines) + "\n", content_type=FORMAT, headers={"Cache-Control": "no-store"})
