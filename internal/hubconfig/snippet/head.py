# JupyterHub and dashboard-builder
# ================================
# Printed by "dashboard-builder hub-config"; print it anew after an update. For
# JupyterHub 2 to 6, at the end of jupyterhub_config.py or as a file of its own,
# which in a folder of such files has to come last: on The Littlest JupyterHub
# /opt/tljh/config/jupyterhub_config.d/zz-dashboards.py.
#
# Services, roles and the pre_spawn_hook that are set before stay: ours are added.
# What is set behind this with "=" takes the place of ours, so do not. Without our
# services and roles the page Dashboards does not answer; without our hook, the
# service sees that its tickets are not noted, and stops the server.
#
# What the service may, with its own token, and why:
#   list:users      find people to share with; see whose servers run
#   read:servers    see what runs, and when it was last used; follow a start
#   list:groups     find groups to share with
#   read:groups     end the access of those who left a group
#   start:servers   start a dashboard for a colleague who opens it, and after a build
#                   whose owner has left meanwhile
#   delete:servers  stop dashboards that nobody uses, and remove deleted ones
#                   (before JupyterHub 6 both are "servers")
#   shares          let in those with whom a dashboard is shared, from JupyterHub 5
#                   on. It covers entering servers (access:servers), so the token is
#                   to be kept as an administrator's.
# What it may in the name of a visitor, besides knowing who that is: read, start and
# stop that visitor's own servers, if they may themselves.
# What every user gets: to open the page (access:services!service=...).
