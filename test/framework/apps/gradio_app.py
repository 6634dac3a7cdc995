import gradio as gr


def double(number):
    return f"doubled: {2 * int(number)}"


with gr.Blocks(title="Double it") as demo:
    gr.Markdown("# Double it")
    number = gr.Slider(0, 10, value=3, step=1, label="Number")
    result = gr.Textbox("doubled: 6", label="Result")
    number.change(double, number, result)

# All of it is to be overruled: the link would be a way in past the login.
demo.launch(share=True, server_name="0.0.0.0", server_port=7860, inbrowser=True)
