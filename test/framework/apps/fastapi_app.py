from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import HTMLResponse

app = FastAPI(title="Double it")

page = """<!doctype html>
<html lang="en">
<title>Double it</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<h1>Double it</h1>
<label>Number <input id="number" type="number" value="3" disabled></label>
<p id="result">doubled: 6</p>
<p><a href="DOCS">Documentation</a></p>
<script>
  const socket = new WebSocket("SOCKET".replace(/^http/, "ws"));
  const number = document.getElementById("number");
  const result = document.getElementById("result");
  socket.onopen = () => { number.disabled = false; };
  socket.onmessage = (event) => { result.textContent = event.data; };
  number.oninput = (event) => socket.send(event.target.value);
</script>
</html>
"""


@app.get("/", response_class=HTMLResponse)
def home(request: Request):
    return page.replace("DOCS", str(request.url_for("swagger_ui_html"))).replace("SOCKET", str(request.url_for("double")))


@app.get("/seen")
def seen(request: Request):
    return {"url": str(request.url), "client": request.client.host, "path": request.scope["root_path"]}


@app.websocket("/double")
async def double(socket: WebSocket):
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(f"doubled: {2 * int(text or 0)}")
