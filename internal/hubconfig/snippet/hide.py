# Dashboards' servers are not in the list of people's servers on the hub's home page.
# Whichever home.html is in use, it gets its list by this expression (JupyterHub 2 to
# 6); one that does not shows them all.
from jinja2.ext import Extension


class HideDashboards(Extension):
    def __init__(self, environment):
        super().__init__(environment)
        environment.tests["of_a_dashboard"] = lambda name: name.startswith(PREFIX)

    def preprocess(self, source, name, filename=None):
        servers = "user.all_spawners(include_default=False)"
        return source.replace(servers, "(%s|rejectattr('name', 'of_a_dashboard'))" % servers)


options = c.JupyterHub.jinja_environment_options
if isinstance(options, dict):
    options["extensions"] = list(options.get("extensions", [])) + [HideDashboards]
else:
    options.update({"extensions": [HideDashboards]})
