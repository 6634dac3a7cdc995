from shiny.express import input, render, ui

ui.page_opts(title="Double it")
ui.input_slider("number", "Number", 0, 10, 3)


@render.text
def result():
    return f"doubled: {2 * input.number()}"
