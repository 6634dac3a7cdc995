// The hub's pages keep their choice of light or dark here (JupyterHub 5.3,
// share/jupyterhub/static/js/darkmode.js). It runs before the page is drawn.
(() => {
  "use strict";
  try {
    const theme = localStorage.getItem("jupyterhub-bs-theme");
    if (theme === "light" || theme === "dark") {
      document.documentElement.dataset.theme = theme;
    }
  } catch {
    // no storage, no choice
  }
})();
