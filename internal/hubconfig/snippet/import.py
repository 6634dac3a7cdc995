import base64
import hashlib
import hmac
import html
import json
import os
import secrets
import time

from jupyterhub import version_info
from jupyterhub.utils import maybe_future
from tornado import web
from traitlets.config.loader import LazyConfigValue

major = version_info[0]
