"""Wiring: settings, URLs, the web server's and the workers' entry points."""
