"""Where does a web server start?"""

import os

from django.core.wsgi import get_wsgi_application
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.conf.settings")
application = get_wsgi_application()

# What asks the database needs Django to be set up.
from governance.starting import stay_away_unless_fit  # noqa: E402

# A refusal is raised, not turned into an exit: only then does gunicorn stop instead of starting the next process.
stay_away_unless_fit()
# The threads that answer have connections of their own.
connections.close_all()
