import asyncio
import base64
import hashlib
import hmac
import html
import json
import os
import secrets
import ssl
import time
from urllib.parse import urlparse

from jupyterhub import version_info
from jupyterhub.utils import make_ssl_context, maybe_future
from tornado import web
from tornado.httpclient import HTTPError
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from traitlets.config.loader import LazyConfigValue

major = version_info[0]
