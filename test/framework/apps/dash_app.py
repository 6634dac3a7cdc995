from dash import Dash, Input, Output, callback, dcc, html

app = Dash(__name__, title="Double it")
app.layout = html.Div([
    html.H1("Double it"),
    dcc.Slider(0, 10, 1, value=3, id="number"),
    html.Div(id="result"),
])


@callback(Output("result", "children"), Input("number", "value"))
def show(number):
    return f"doubled: {2 * number}"


# As the tutorial has it, with a port of its own on top.
if __name__ == "__main__":
    app.run(debug=True, port=8050)
