#
# The hub does not start the service. Whatever does gives it, besides the token in
# JUPYTERHUB_API_TOKEN (with your hub's own addresses):
