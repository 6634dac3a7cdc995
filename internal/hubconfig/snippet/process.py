# A process on the hub's machine: command and arguments.
def is_ours(spawner):
    # sudospawner runs jupyterhub-singleuser, whatever the command is.
    return is_a(spawner, "LocalProcessSpawner") and not is_a(spawner, "SudoSpawner")


def prepare(spawner, ticket, change):
    if ticket["image"]:
        raise ValueError("it wants an image, and %s has none" % type(spawner).__name__)
    change(cmd=[COMMAND], args=["launch"] + ticket["arguments"])
