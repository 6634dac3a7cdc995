// Files and folders are suggested, and chosen in a dialog.
import { ask } from "./api.js";

export function browse(page) {
  for (const input of page.querySelectorAll("[data-browse]")) {
    new Browser(input);
  }
}

/** The folder that a path is in, with its slash; empty for the top. */
const folderOf = (path) => path.slice(0, path.lastIndexOf("/") + 1);

class Browser {
  constructor(input) {
    this.input = input;
    this.form = input.form;
    this.wantsFolder = input.dataset.browse === "folder";
    this.known = new Map();

    this.list = document.createElement("datalist");
    this.list.id = `${input.id}-list`;
    input.setAttribute("list", this.list.id);
    input.after(this.list);
    input.addEventListener("focus", () => this.suggest());
    input.addEventListener("input", () => this.suggest());

    const row = document.createElement("div");
    row.className = "browsing";
    const button = document.getElementById("browse-button").content.firstElementChild.cloneNode(true);
    input.replaceWith(row);
    row.append(input, button);
    button.addEventListener("click", () => this.choose());
    if (!this.wantsFolder) {
      const framework = this.form.elements["app.framework"];
      const tell = () => { input.placeholder = this.framework()?.dataset.default ?? ""; };
      framework.addEventListener("change", tell);
      tell();
    }
  }

  field(name) {
    return this.form.elements[name]?.value.trim() ?? "";
  }

  /** What is looked into; paths to show are below the folder that is copied. */
  source() {
    const kind = this.field("source.kind");
    return kind === "git"
      ? { kind, repo: this.field("source.repo"), ref: this.field("source.ref") }
      : { kind: kind || "server", server: this.field("source.server") };
  }

  base() {
    const folder = this.wantsFolder ? "" : this.field("source.folder").replace(/^\/+|\/+$/g, "");
    return folder ? `${folder}/` : "";
  }

  framework() {
    return this.form.elements["app.framework"].selectedOptions[0];
  }

  /** Returns what can be chosen in a folder. */
  async entries(folder) {
    const query = new URLSearchParams({ ...this.source(), folder: this.base() + folder }).toString();
    if (!this.known.has(query)) {
      const asked = ask(`browse?${query}`).then((answer) => answer.json());
      this.known.set(query, asked);
      asked.catch(() => this.known.delete(query));
    }
    const { items } = await this.known.get(query);
    const endings = (this.framework()?.dataset.files ?? "").split(" ").filter(Boolean);
    const fits = (entry) => entry.folder || (!this.wantsFolder && (!endings.length || endings.some((ending) => entry.name.endsWith(ending))));
    return items.filter(fits).sort((a, b) => b.folder - a.folder || a.name.localeCompare(b.name));
  }

  async suggest() {
    const folder = folderOf(this.input.value);
    if (this.suggested === this.base() + folder) {
      return;
    }
    try {
      const found = await this.entries(folder);
      this.suggested = this.base() + folder;
      this.list.replaceChildren(...found.slice(0, 200).map((entry) => {
        const option = document.createElement("option");
        option.value = folder + entry.name + (entry.folder && !this.wantsFolder ? "/" : "");
        return option;
      }));
    } catch {
      // a path can be written without
    }
  }

  choose() {
    const dialog = document.getElementById("picker").content.firstElementChild.cloneNode(true);
    this.part = (selector) => dialog.querySelector(selector);
    this.part("h2").textContent = this.part("h2").dataset[this.wantsFolder ? "folder" : "file"];
    this.part(".take").hidden = !this.wantsFolder && !this.framework()?.hasAttribute("data-folder");
    this.part(".take").addEventListener("click", () => this.take(dialog, this.folder.replace(/\/$/, "")));
    this.part(".up").addEventListener("click", () => this.enter(dialog, folderOf(this.folder.slice(0, -1))));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    const start = this.wantsFolder && this.input.value ? `${this.input.value.replace(/\/+$/, "")}/` : folderOf(this.input.value);
    this.enter(dialog, start);
  }

  take(dialog, path) {
    this.input.value = path;
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
    dialog.close();
    this.input.focus();
  }

  async enter(dialog, folder) {
    this.folder = folder;
    this.part("code").textContent = `/${this.base()}${folder}`;
    this.part(".up").disabled = folder === "";
    const list = this.part("ul");
    list.setAttribute("aria-busy", "true");
    list.replaceChildren(say(list.dataset.loading));
    let lines;
    try {
      const found = await this.entries(folder);
      lines = found.map((entry) => this.line(dialog, folder, entry));
      if (!lines.length) {
        lines = [say(list.dataset.empty)];
      }
    } catch (refusal) {
      lines = [say(refusal.status ? refusal.message : list.dataset.fault)];
    }
    if (this.folder === folder) { // nobody went on in the meantime
      list.replaceChildren(...lines);
      list.removeAttribute("aria-busy");
      list.querySelector("button")?.focus();
    }
  }

  line(dialog, folder, entry) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.append(icon(entry.folder ? "folder" : "file"), Object.assign(document.createElement("bdi"), { textContent: entry.name }));
    button.addEventListener("click", () => {
      if (entry.folder) {
        this.enter(dialog, `${folder}${entry.name}/`);
      } else {
        this.take(dialog, folder + entry.name);
      }
    });
    item.append(button);
    return item;
  }
}

function say(text) {
  const item = document.createElement("li");
  item.append(Object.assign(document.createElement("p"), { textContent: text }));
  return item;
}

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const drawn = document.createElementNS(space, "svg");
  drawn.setAttribute("class", "icon");
  drawn.setAttribute("aria-hidden", "true");
  drawn.append(document.createElementNS(space, "use"));
  drawn.firstChild.setAttribute("href", `#icon-${name}`);
  return drawn;
}
