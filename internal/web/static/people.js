// People and groups are added one by one, with suggestions, instead of writing one
// on each line (WAI-ARIA Authoring Practices: editable combobox with list).
import { ask } from "./api.js";

/** How long somebody writes on before anything is looked for, in milliseconds. */
const pause = 200;

export function people(page) {
  for (const text of page.querySelectorAll("textarea[data-people]")) {
    new Chooser(text);
  }
}

class Chooser {
  constructor(text) {
    this.text = text;
    this.active = -1;
    this.found = [];
    this.names = text.value.split("\n").map((name) => name.trim()).filter(Boolean);

    this.chips = make("ul", { className: "chips" });
    this.chips.setAttribute("role", "list");
    this.input = make("input", { type: "text", id: `${text.id}-input`, placeholder: text.dataset.add, autocomplete: "off", autocapitalize: "none", spellcheck: false });
    this.options = make("ul", { className: "options", id: `${text.id}-options`, hidden: true });
    this.options.setAttribute("role", "listbox");
    const label = text.labels[0];
    this.options.setAttribute("aria-label", label.textContent);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.options.id })) {
      this.input.setAttribute(name, value);
    }
    if (text.getAttribute("aria-invalid")) {
      this.input.setAttribute("aria-invalid", "true");
      this.input.setAttribute("aria-describedby", `${text.id}-wrong`);
    }
    this.none = make("p", { className: "hint" });
    this.none.setAttribute("role", "status");
    label.htmlFor = this.input.id;

    const place = make("div", { className: "people" });
    place.append(this.input, this.options);
    text.hidden = true;
    text.parentElement.querySelector(".plain").hidden = true;
    text.after(this.chips, place, this.none);
    this.input.addEventListener("input", () => this.look());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.close());
    text.form.addEventListener("submit", () => this.add(this.input.value));
    this.draw();
  }

  draw() {
    this.text.value = this.names.join("\n");
    this.chips.replaceChildren(...this.names.map((name) => {
      const chip = make("li");
      const remove = make("button", { type: "button", textContent: "×" });
      remove.setAttribute("aria-label", this.text.dataset.remove.replace("{name}", name));
      remove.addEventListener("click", () => this.remove(name));
      chip.append(make("bdi", { textContent: name }), remove);
      return chip;
    }));
  }

  add(name) {
    name = name.trim();
    if (name && !this.names.includes(name)) {
      this.names.push(name);
      this.draw();
    }
    this.input.value = "";
    this.none.textContent = "";
    this.close();
  }

  remove(name) {
    this.names = this.names.filter((other) => other !== name);
    this.draw();
    this.input.focus();
  }

  look() {
    clearTimeout(this.timer);
    const text = this.input.value.trim();
    if (!text) {
      this.none.textContent = "";
      this.close();
      return;
    }
    this.timer = setTimeout(async () => {
      try {
        const found = (await (await ask(`people?q=${encodeURIComponent(text)}`)).json())[this.text.dataset.people];
        if (this.input.value.trim() === text) {
          this.open(found.filter((name) => !this.names.includes(name)));
          this.none.textContent = found.length ? "" : this.text.dataset.none;
        }
      } catch {
        this.close(); // names can be written without
      }
    }, pause);
  }

  open(found) {
    this.found = found;
    this.options.replaceChildren(...found.map((name, at) => {
      const option = make("li", { id: `${this.options.id}-${at}` });
      option.append(make("bdi", { textContent: name }));
      option.setAttribute("role", "option");
      // Before the input loses the focus, which closes the list.
      option.addEventListener("pointerdown", (event) => { event.preventDefault(); this.add(name); this.input.focus(); });
      return option;
    }));
    this.options.hidden = !found.length;
    this.input.setAttribute("aria-expanded", String(found.length > 0));
    this.mark(-1);
  }

  close() {
    clearTimeout(this.timer);
    this.open([]);
  }

  mark(at) {
    this.active = at;
    [...this.options.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    if (at >= 0) {
      this.input.setAttribute("aria-activedescendant", this.options.children[at].id);
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  key(event) {
    const last = this.found.length - 1;
    switch (event.key) {
      case "ArrowDown":
        this.mark(this.active < last ? this.active + 1 : Math.min(0, last));
        break;
      case "ArrowUp":
        this.mark(this.active > 0 ? this.active - 1 : last);
        break;
      case "Enter":
        if (!this.input.value.trim()) {
          return; // the form is sent
        }
        this.add(this.found[this.active] ?? this.input.value);
        break;
      case "Escape":
        if (this.options.hidden) {
          return;
        }
        this.close();
        break;
      case "Backspace":
        if (this.input.value || !this.names.length) {
          return;
        }
        this.remove(this.names.at(-1));
        break;
      default:
        return;
    }
    event.preventDefault();
  }
}

function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
