# A pod: image, command and arguments. The user's volumes stay.
def is_ours(spawner):
    return is_a(spawner, "KubeSpawner")


def literal(word):
    return word.replace("$(", "$$(")  # Kubernetes puts variables into $(...)


def constant(value):
    return lambda _: value  # KubeSpawner takes a text for a template, but no function


def prepare(spawner, ticket, change):
    def apply():
        environment = dict(spawner.environment)
        for name, value in ticket["environment"].items():
            environment[name] = constant(literal(value))
        words = ["launch"] + ticket["arguments"]
        change(
            cmd=[literal(COMMAND)],
            args=[literal(word) for word in words],
            environment=environment,
        )
        if ticket["image"]:
            change(image=ticket["image"])

    load = spawner.load_user_options

    async def load_user_options():
        await maybe_future(load())  # the profile that was chosen, which may have an image
        apply()

    apply()
    change(load_user_options=load_user_options)
