"""The doors for programs: REST, one problem format, one form of lists."""
