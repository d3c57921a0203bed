"""Witnesses: others who remember our checkpoints, and we who remember theirs (C2SP tlog-witness)."""
