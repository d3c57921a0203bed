"""What can stand in an address? Anything else is an unknown path."""

from django.urls import register_converter


class Segment:
    """One step of a path, without NUL, which no database takes in a text."""

    regex = r"[^/\x00]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class Number:
    """1 to 999,999,999: what fits into a column of whole numbers on every database."""

    regex = r"[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class Place:
    """0 to 999,999,999,999: which entry of the trail."""

    regex = r"0|[1-9][0-9]{0,11}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(Place, "place")
register_converter(Segment, "segment")
register_converter(Number, "number")
