"""One process that starts, watches and stops the others, and rings for work that is due.

A door like the web views: it parses, calls use cases and prints. Nothing is imported here, so that the workers'
and the web server's entry points can take `lifeline` before Django is set up.
"""
