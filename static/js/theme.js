// Runs before the first paint, so that no page flashes in the other theme. The system decides until somebody chooses.
(function () {
  "use strict";
  var root = document.documentElement;
  var system = window.matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    try {
      return localStorage.getItem("theme");
    } catch (blocked) {
      return null;
    }
  }

  function ofSystem() {
    return system.matches ? "dark" : "light";
  }

  function show() {
    root.dataset.bsTheme = stored() || ofSystem();
  }

  // Choosing what the system says anyway means following the system again.
  function toggle() {
    var wanted = root.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      if (wanted === ofSystem()) localStorage.removeItem("theme");
      else localStorage.setItem("theme", wanted);
    } catch (blocked) {
      // Without storage the choice lasts for this page.
    }
    root.dataset.bsTheme = wanted;
  }

  root.classList.add("js");
  show();
  system.addEventListener("change", show);
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-theme-switch]")) toggle();
  });
})();
