from flask import Flask, redirect, render_template_string, request, url_for

app = Flask(__name__)

page = """<!doctype html>
<html lang="en">
<title>Double it</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{{ url_for('static', filename='style.css') }}">
<h1>Double it</h1>
<form method="post" action="{{ url_for('double') }}">
  <label>Number <input id="number" name="number" type="number" value="{{ number }}"></label>
  <button id="go">Double it</button>
</form>
<p id="result">doubled: {{ 2 * number }}</p>
<p id="seen">{{ request.url }} {{ request.remote_addr }}</p>
</html>
"""


@app.get("/")
def home():
    return render_template_string(page, number=int(request.args.get("number", 3)))


@app.post("/double")
def double():
    return redirect(url_for("home", number=request.form["number"]))
