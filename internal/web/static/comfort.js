// Small things.

export function comfort(page) {
  menus(page);
  times(page);
  forms(page);
  link(page);
  logs(page);
  retry(page);
}

/** Menus close when something else is wanted. */
function menus(page) {
  const open = () => page.querySelectorAll(".menu[open]");
  page.addEventListener("click", (event) => {
    for (const menu of open()) {
      if (!menu.contains(event.target)) {
        menu.open = false;
      }
    }
  });
  page.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") {
      return;
    }
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  page.addEventListener("focusin", (event) => {
    for (const menu of open()) {
      if (!menu.contains(event.target)) {
        menu.open = false;
      }
    }
  });
}

/** Times are told exactly in the browser's own zone and language. */
function times(page) {
  for (const time of page.querySelectorAll("time")) {
    time.title = new Date(time.dateTime).toLocaleString();
  }
}

/** What is sent once is not sent twice; what is chosen is sent; what is too large is not. */
function forms(page) {
  page.addEventListener("submit", (event) => {
    if (event.target.method !== "post") {
      return;
    }
    // After the browser has collected what is sent, the pressed button included.
    setTimeout(() => {
      for (const button of event.target.elements) {
        if (button.type === "submit") {
          button.disabled = true;
        }
      }
    });
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      location.reload(); // what the browser kept is of before
    }
  });
  for (const choice of page.querySelectorAll("[data-send]")) {
    choice.addEventListener("change", () => choice.form.requestSubmit());
  }
  for (const input of page.querySelectorAll("input[type=file][data-limit]")) {
    input.addEventListener("change", () => {
      const large = [...input.files].some((file) => file.size > Number(input.dataset.limit));
      input.setCustomValidity(large ? input.dataset.tooLarge : "");
      input.reportValidity();
    });
  }
}

/** The link is shown as it has to be sent, with a button that copies it. */
function link(page) {
  const place = page.querySelector(".copy");
  if (!place) {
    return;
  }
  const shown = document.createElement("input");
  shown.readOnly = true;
  shown.value = place.querySelector("a").href;
  shown.setAttribute("aria-label", place.dataset.label);
  shown.addEventListener("focus", () => shown.select());
  const button = page.querySelector("#copy-button").content.firstElementChild.cloneNode(true);
  const label = button.querySelector("span");
  const said = document.createElement("span");
  said.className = "unseen";
  said.setAttribute("role", "status");
  const before = label.textContent;
  button.addEventListener("click", async () => {
    shown.select();
    try {
      await navigator.clipboard.writeText(shown.value);
    } catch {
      document.execCommand("copy"); // by plain HTTP there is no clipboard but this
    }
    label.textContent = said.textContent = place.dataset.copied;
    setTimeout(() => {
      label.textContent = before;
      said.textContent = "";
    }, 2000);
  });
  place.replaceChildren(shown, button, said);
}

/** The end of a log is what is looked for. */
function logs(page) {
  for (const log of page.querySelectorAll(".log pre")) {
    log.scrollTop = log.scrollHeight;
  }
}

/** A page that may go another time tries again. */
function retry(page) {
  const again = page.querySelector("[data-retry]");
  if (again) {
    setTimeout(() => location.reload(), Number(again.dataset.retry) * 1000);
  }
}
