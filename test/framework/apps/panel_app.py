import panel as pn

pn.extension()
number = pn.widgets.IntSlider(name="Number", start=0, end=10, value=3)


def show(value):
    return f"doubled: {2 * value}"


pn.Column("# Double it", number, pn.bind(show, number)).servable(title="Double it")
