# A container: image, command, and none of the user's volumes, so that the dashboard
# is a copy and neither changes with its source nor reaches what else is there.
def is_ours(spawner):
    # SystemUserSpawner mounts the user's home into everything.
    return is_a(spawner, "DockerSpawner") and not is_a(spawner, "SystemUserSpawner")


def shared(volumes):
    return {source: target for source, target in volumes.items() if source in KEEP_VOLUMES}


def prepare(spawner, ticket, change):
    read_only = shared(spawner.read_only_volumes)
    if BINARY:
        read_only[BINARY] = COMMAND
    change(
        cmd=[COMMAND],
        args=["launch"] + ticket["arguments"],
        volumes=shared(spawner.volumes),
        read_only_volumes=read_only,
        # A container that is kept would be started again as it was, with what an
        # older ticket said.
        remove=True,
    )
    if spawner.has_trait("mounts"):  # SwarmSpawner makes them of the volumes
        change(mounts=[mount for mount in spawner.mounts if mount.get("source") in KEEP_VOLUMES])
    if ticket["image"]:
        change(image=ticket["image"])
        # The image of the options would be taken before ours.
        spawner.user_options.pop("image", None)
        if spawner.pull_policy == "always":
            change(pull_policy="ifnotpresent")  # a snapshot may be on this machine only
