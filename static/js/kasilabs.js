// What pages do better with script. Everything here has a way that works without it.
(function () {
  "use strict";
  var status = document.getElementById("status");
  var toasts = document.getElementById("toasts");
  var pattern = document.getElementById("toast");

  function announce(words) {
    status.textContent = "";
    setTimeout(function () { status.textContent = words; }, 50);
  }

  // Text only ever goes in through textContent: it may repeat what a plugin's author wrote.
  function toast(note) {
    var made = pattern.content.firstElementChild.cloneNode(true);
    made.classList.toggle("bad", note.tone === "bad");
    made.querySelector("span").textContent = note.text;
    var link = made.querySelector("a");
    if (isOwnPath(note.url)) {
      link.href = note.url;
      link.textContent = note.label;
    } else link.remove();
    var undo = made.querySelector("[data-undo]");
    if (isOwnPath(note.undo)) {
      undo.setAttribute("hx-post", note.undo);
      if (note.target) undo.setAttribute("hx-target", note.target);
      else undo.setAttribute("hx-swap", "none");
    } else undo.remove();
    toasts.replaceChildren(made);
    window.htmx.process(made);
    announce(note.text);
  }

  function isOwnPath(url) {
    return typeof url === "string" && /^\/(?![\/\\])/.test(url);
  }

  document.addEventListener("toast", function (event) { toast(event.detail); });
  document.addEventListener("htmx:responseError", function (event) {
    var answer = event.detail.xhr;
    if ((answer.getResponseHeader("HX-Trigger") || "").includes("toast")) return;
    var id = answer.getResponseHeader("X-Request-Id");
    toast({ tone: "bad", text: (pattern.dataset["on" + answer.status] || pattern.dataset.failed) + (id ? " " + id : "") });
  });
  ["htmx:sendError", "htmx:timeout"].forEach(function (name) {
    document.addEventListener(name, function () { toast({ tone: "bad", text: pattern.dataset.offline }); });
  });

  // A row that a swap removes must not drop the keyboard at the top of the page.
  var isInside = false;
  document.addEventListener("htmx:beforeSwap", function (event) {
    isInside = event.detail.target.contains(document.activeElement) && document.activeElement !== document.body;
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    var target = event.detail.target;
    if (!isInside || document.activeElement !== document.body || !document.contains(target)) return;
    var next = target.querySelector("[autofocus], [data-focus]") || target;
    if (!next.hasAttribute("tabindex") && next === target) next.setAttribute("tabindex", "-1");
    next.focus({ preventScroll: true });
  });

  function copy(button) {
    var source = document.getElementById(button.dataset.copyFrom);
    var text = source ? source.textContent : button.dataset.copy;
    navigator.clipboard.writeText(text).then(function () {
      var label = button.querySelector("[data-label]");
      var before = label && label.textContent;
      if (label) label.textContent = pattern.dataset.copied;
      announce(pattern.dataset.copied);
      setTimeout(function () { if (label) label.textContent = before; }, 2000);
      release(button.closest("[data-once]"));
    }, function () {
      if (source) window.getSelection().selectAllChildren(source);
    });
  }

  // Leaving asks first while a guarded form has unsaved changes, or a value that is shown once was not taken.
  var held = new Set();

  function release(part) {
    held.delete(part);
  }

  function holdShownOnce(root) {
    root.querySelectorAll("[data-once]").forEach(function (part) { held.add(part); });
  }

  function guarded(event) {
    return event.target.closest && event.target.closest("form[data-guard]");
  }

  // Whoever chooses to stay on a page that is led away, because its session has ended, must know why.
  document.addEventListener("htmx:beforeOnLoad", function (event) {
    if (held.size && event.detail.xhr.getResponseHeader("HX-Redirect")) toast({ tone: "bad", text: pattern.dataset.ended });
  });

  holdShownOnce(document);
  document.addEventListener("htmx:load", function (event) { holdShownOnce(event.detail.elt.parentNode || document); });
  document.addEventListener("input", function (event) {
    if (guarded(event)) held.add(guarded(event));
    checkTyped(event.target);
  });
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-once-taken]")) {
      var part = event.target.closest("[data-once]");
      if (event.target.checked) release(part);
      else held.add(part);
    }
  });
  document.addEventListener("submit", function (event) { release(event.target); });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (event.detail.successful) release(event.target);
  });
  window.addEventListener("beforeunload", function (event) {
    held.forEach(function (part) { if (!document.contains(part)) held.delete(part); });
    if (held.size) event.preventDefault();
  });

  // The button of a destructive act opens when the name has been typed; the server checks it again.
  function checkTyped(input) {
    if (!input.dataset || !input.dataset.typed) return;
    var button = input.form.querySelector("[data-when-typed]");
    button.setAttribute("aria-disabled", String(input.value.trim() !== input.dataset.typed));
  }

  function menu(open) {
    var side = document.getElementById("sidebar");
    side.classList.toggle("is-open", open);
    var button = document.querySelector(".k-menu");
    button.setAttribute("aria-expanded", String(open));
    (open ? side.querySelector("a") : button).focus();
  }

  document.addEventListener("click", function (event) {
    var hit = function (selector) { return event.target.closest(selector); };
    if (hit("[aria-disabled=true]")) event.preventDefault();
    else if (hit("[data-copy], [data-copy-from]")) copy(hit("[data-copy], [data-copy-from]"));
    else if (hit("[data-dismiss]")) hit(".k-toast").remove();
    else if (hit("[data-menu]")) {
      event.preventDefault();
      menu(hit("[data-menu]").dataset.menu === "open");
    }
  });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    if (document.querySelector(".k-side.is-open")) menu(false);
    else if (!event.defaultPrevented && !event.target.closest("input, textarea, select")) closeDrawer();
  });

  function closeDrawer() {
    var close = document.querySelector(".k-dock [data-close-drawer]");
    if (close) close.click();
  }

  document.querySelectorAll("[data-typed]").forEach(checkTyped);
  var first = toasts.querySelector(".k-toast span");
  if (first) announce(first.textContent);
})();
