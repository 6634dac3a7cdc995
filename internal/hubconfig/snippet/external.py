#
# The hub does not start the service. Whatever does gives it, besides the token in
# JUPYTERHUB_API_TOKEN (with your hub's own addresses; where users have domains of
# their own, with JUPYTERHUB_HOST=https://hub.example.org, and with the service's host
# in JUPYTERHUB_OAUTH_CALLBACK_URL, as docs/dashboards.md says under "Subdomains"):
