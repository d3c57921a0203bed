"""Is what a pipeline calls the source of a version an address that may stand in the record?

It is hostile input: it is kept and given back, never opened, fetched or resolved on this side. A path of a machine, a
way out of a folder or a secret in it is refused.
"""

import re
from urllib.parse import unquote, urlsplit

from governance.errors import Malformed

# Where artifact stores are reached from another machine than the one that wrote them.
SCHEMES = frozenset(
    {
        *("s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "wasb", "wasbs", "adl", "oci", "b2", "r2", "oss", "cos"),
        *("hdfs", "viewfs", "dbfs", "http", "https", "ftp", "sftp", "hf"),
        *("models", "runs", "mlflow-artifacts"),
    }
)
LONGEST = 500
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)


def refuse_hostile_source(source: str) -> None:
    """Raises: Malformed, for `source`, when it is no address of an artifact store, or says more than where one is."""
    if not source.strip() or len(source) > LONGEST or not source.isprintable():
        raise _refusal(f"it has 1 to {LONGEST} printable characters.")
    found = _SCHEME.fullmatch(source)
    scheme = found[1].lower() if found else ""
    if scheme not in SCHEMES:
        raise _refusal(
            "a path of one machine leads nowhere from another. Use an address of an artifact store, such as s3://…; "
            f"the schemes are {', '.join(sorted(SCHEMES))}."
        )
    plain = _unquoted(found[2] if found else "")
    if "\0" in plain or "\\" in plain or ".." in re.split(r"[/?#]", plain):
        raise _refusal("it must not lead out of its folder.")
    try:
        parts = urlsplit(source)
        is_secret, has_place = bool(parts.password), bool(parts.netloc or parts.path.strip("/"))
    except ValueError:
        raise _refusal("it is no address.") from None
    if is_secret:
        raise _refusal("it holds a password, which would stay in the record for good.")
    if not has_place:
        raise _refusal("it names no place.")


def _unquoted(text: str) -> str:
    """Return a text without escapes, however often it was escaped."""
    while (plain := unquote(text)) != text:
        text = plain
    return text


def _refusal(why: str) -> Malformed:
    return Malformed(f"This source is not taken: {why}", field="source")
