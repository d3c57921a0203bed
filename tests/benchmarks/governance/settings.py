"""The product's settings, in a directory and with keys of this process's own."""

import tests.environment  # noqa: F401 - before the settings are read
from governance.conf.settings import *  # noqa: F403
