# A systemd unit on the hub's machine: command and arguments.
def is_ours(spawner):
    return is_a(spawner, "SystemdSpawner")


def literal(word):
    # SystemdSpawner puts names into {}, and systemd variables behind $
    # (systemd.service(5), "Command lines").
    return word.replace("{", "{{").replace("}", "}}").replace("$", "$$")


def prepare(spawner, ticket, change):
    if ticket["image"]:
        raise ValueError("it wants an image, and %s has none" % type(spawner).__name__)
    words = ["launch"] + ticket["arguments"]
    change(cmd=[literal(COMMAND)], args=[literal(word) for word in words])
