from bokeh.io import curdoc
from bokeh.layouts import column
from bokeh.models import Div, Slider
from bokeh.plotting import figure

number = Slider(title="Number", start=0, end=10, value=3, step=1)
result = Div(text="doubled: 6")
plot = figure(width=320, height=240, title="Twice")
line = plot.line([0, 1, 2], [0, 3, 6])


def show(attribute, old, new):
    result.text = f"doubled: {2 * new}"
    line.data_source.data = {"x": [0, 1, 2], "y": [0, new, 2 * new]}


number.on_change("value", show)
curdoc().title = "Double it"
curdoc().add_root(column(number, result, plot))
