"""How is LIKE asked of a database, so that it means the same on each: case counts, and only % and _ are patterns?"""

from typing import Any

from django.db.models import CharField, Lookup, TextField

# Outside brackets these are patterns of GLOB, which is SQLite's comparison that heeds case.
_TO_GLOB = str.maketrans({"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"})


@CharField.register_lookup
@TextField.register_lookup
class Like(Lookup):
    """`LIKE`: % stands for any text, _ for one character."""

    lookup_name = "sql_like"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} LIKE %s ESCAPE ''", (*parameters, self.rhs)

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} GLOB %s", (*parameters, str(self.rhs).translate(_TO_GLOB))


@CharField.register_lookup
@TextField.register_lookup
class InsensitiveLike(Lookup):
    """`ILIKE`: as LIKE, whatever the case."""

    lookup_name = "sql_ilike"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        left, parameters = self.process_lhs(compiler, connection)
        return f"LOWER({left}) LIKE LOWER(%s) ESCAPE ''", (*parameters, self.rhs)

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        left, parameters = self.process_lhs(compiler, connection)
        return f"LOWER({left}) GLOB LOWER(%s)", (*parameters, str(self.rhs).translate(_TO_GLOB))
