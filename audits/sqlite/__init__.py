"""SQLite as the database of many threads: Django's own, whose writers take turns."""
