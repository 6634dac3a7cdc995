# The service, and what it and its visitors may.
def joining(section, name, value):
    """A lazy value on top of what is set already."""
    return value.merge_into(section[name]) if name in section else value


def read_token():
    if TOKEN_FILE:
        try:
            with open(TOKEN_FILE) as file:
                found = file.read().strip()
        except OSError as error:
            raise ValueError(
                "the token of the service %s cannot be read: %s. Make one, for the hub"
                " and the service to read, by: openssl rand -hex 32 > %s"
                % (SERVICE, error, TOKEN_FILE)
            )
    elif TOKEN_VARIABLE:
        found = os.environ.get(TOKEN_VARIABLE, "").strip()
    else:
        found = secrets.token_hex(32)  # the hub gives it to the service, which it starts
    # The hub takes no longer ones (utils.py, _TOKEN_MAX_LEN), and ours sign tickets.
    if not 32 <= len(found) <= 64 or not all("!" <= each <= "~" for each in found):
        raise ValueError(
            "the token of the service %s has to have 32 to 64 letters, digits and signs,"
            " as from: openssl rand -hex 32" % SERVICE
        )
    return found


token = read_token()
access = "access:services!service=" + SERVICE

service = {"name": SERVICE, "url": URL, "api_token": token, "oauth_no_confirm": True}
if SERVE:
    service["command"] = SERVE
elif major >= 6:
    service["timeout"] = 1  # as before: the hub's start does not wait half a minute for us
scopes = ["list:users", "list:groups", "read:groups"]
servers = ["read:servers", "start:servers", "delete:servers"] if major >= 6 else ["servers"]
shares = ["shares"] if major >= 5 else []
roles = [{"name": SERVICE, "services": [SERVICE], "scopes": scopes + servers + shares}]

own_servers = [scope + "!user" for scope in servers]
if major >= 3:
    service["oauth_client_allowed_scopes"] = own_servers
else:  # tokens had roles, and did not tell their owner's groups by themselves
    service["oauth_roles"] = [SERVICE + "-visitor"]
    own_groups = ["read:users:groups!user"]
    roles.append({"name": SERVICE + "-visitor", "scopes": own_servers + own_groups})

if major >= 6:
    scopes_of_users = c.JupyterHub.extra_user_scopes
    if isinstance(scopes_of_users, LazyConfigValue):
        scopes_of_users.update({access})  # what else is appended to a lazy set is lost
    else:
        c.JupyterHub.extra_user_scopes = {*scopes_of_users, access}
else:
    roles.append({"name": "user", "scopes": ["self", access]})


def with_one_user_role(roles):
    """The hub takes each role only once, and others may give the users' as well."""
    users = [role for role in roles if role.get("name") == "user" and "scopes" in role]
    if not users:
        return roles
    role = {}
    for each in users:
        role.update(each)
    role["scopes"] = sorted({scope for each in users for scope in each["scopes"]} | {access})
    return [each for each in roles if each not in users] + [role]


class JoiningRoles(LazyConfigValue):
    """Appends roles to those that are set elsewhere."""

    def merge_into(self, other):
        merged = super().merge_into(other)
        known = merged._extend if merged is self else merged
        known[:] = with_one_user_role(known)
        return merged


added = JoiningRoles()
added.extend(roles)
c.JupyterHub.load_roles = joining(c.JupyterHub, "load_roles", added)
c.JupyterHub.services.append(service)
