"""Where does a web server start?"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.conf.settings")
application = get_wsgi_application()
