"""One file per check; a module that is put here is found by the catalogue."""
