"use strict";
// Keys, ticks, sliders and tiles of the workbench. What it changes goes through the page's own forms.

const $ = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const typing = target => target.closest("input:not([type=checkbox]):not([type=range]), textarea, select");

// ---- the students of a group

function current() {
  return $(".member.now") || $(".member");
}

function go(member) {
  if (!member) return;
  all(".member.now").forEach(other => other.classList.remove("now"));
  member.classList.add("now");
  const details = $("details", member);
  details.open = true;
  $("summary", details).focus({ preventScroll: true });
  member.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const members = all(".member"), here = members.indexOf(current());
  go(members[Math.min(Math.max(here + by, 0), members.length - 1)]);
}

function tick(which) {
  const here = current();
  for (const member of all(".member")) {
    const box = $("input[type=checkbox]", member);
    if (which === "this") box.checked = member === here;
    else if (which === "all") box.checked = !member.classList.contains("done");
    else if (member === here) box.checked = !box.checked;
  }
  count();
}

function count() {
  const shown = $("[data-ticked]");
  if (!shown) return;
  const ticked = all(".member input[type=checkbox]:checked").length;
  shown.textContent = ticked + " " + (ticked === 1 ? shown.dataset.one : shown.dataset.many);
  all(".answers button").forEach(button => { button.disabled = ticked === 0; });
}

// ---- groups

function neighbour(by) {
  const links = all("#groups a[data-group]"), panel = $("#panel");
  const here = links.findIndex(link => link.dataset.group === (panel && panel.dataset.group));
  const link = links[here < 0 ? 0 : here + by];
  if (link) link.click();
}

function mark() {
  const panel = $("#panel");
  for (const link of all("#groups a[data-group]")) {
    if (panel && panel.dataset.group && link.dataset.group === panel.dataset.group) {
      link.setAttribute("aria-current", "true");
      link.scrollIntoView({ block: "nearest" });
    } else link.removeAttribute("aria-current");
  }
}

function look(root) {
  for (const pre of all("figure.code pre", root)) {
    const row = $(".row.wrong", pre) || $(".row.at", pre);
    if (row) pre.scrollTop = Math.max(0, row.offsetTop - 24);
  }
  count();
}

function answer(value) {
  const button = $(`#decide button[name=answer][value="${value}"]`);
  if (button && !button.disabled) button.click();
}

function focus(selector) {
  const field = $(selector);
  if (field) { field.focus(); if (field.select) field.select(); }
}

// what is undone is shown among what is filtered, as before
function undo() {
  const values = {};
  for (const field of all("#decide [name^=f_]")) values[field.name] = field.value;
  htmx.ajax("POST", "/undo", { target: "#panel", swap: "outerHTML", values });
}

const keys = {
  j: () => neighbour(1), k: () => neighbour(-1), n: () => step(1), b: () => step(-1),
  a: () => answer("accept"), f: () => answer("full"), h: () => answer("half"),
  r: () => answer("reject"), s: () => answer("same"), p: () => focus("#points"),
  c: () => focus("#comment"), x: () => tick("one"), o: () => tick("this"), e: () => tick("all"),
  u: undo,
  v: () => { const found = $("details.reference"); if (found) found.open = !found.open; },
  "/": () => focus("#words"), "?": () => $("#help").showModal(),
};

// where Hangul is typed, or capitals are locked, the key itself counts
function keyOf(event) {
  if (/^[\x21-\x7e]$/.test(event.key)) return event.shiftKey ? event.key : event.key.toLowerCase();
  return /^Key[A-Z]$/.test(event.code) && !event.shiftKey ? event.code[3].toLowerCase() : event.key;
}

document.addEventListener("keydown", event => {
  const target = event.target;
  if (event.key === "Escape" && typing(target)) { target.blur(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches("#points") && event.key === "Enter") {
    event.preventDefault(); answer("points"); return;
  }
  if (target.matches("#comment") && event.key === "Enter") {
    event.preventDefault(); target.blur(); return;
  }
  if (target.matches(".tile") && tileKey(event)) { event.preventDefault(); return; }
  if (typing(target) || $("dialog[open]")) return;
  const key = keyOf(event), act = Object.hasOwn(keys, key) ? keys[key] : null;
  if (act && !event.repeat) { event.preventDefault(); act(); }
});

// ---- digits

function overrule(tile) {
  const figure = tile.closest(".tiles");
  const { sid, stamp, seen } = figure.dataset;
  const number = tile.dataset.tile;
  htmx.ajax("POST", "/tile", {
    target: "#tiles", swap: "outerHTML", values: { sid, stamp, seen, tile: number },
  }).then(() => { const again = $(`.tile[data-tile="${number}"]`); if (again) enter(again); });
}

function enter(tile) {
  all(".tile").forEach(other => other.setAttribute("tabindex", other === tile ? "0" : "-1"));
  tile.focus();
}

function tileKey(event) {
  const tiles = all(".tile"), here = tiles.indexOf(event.target);
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10 }[event.key];
  if (by) { if (tiles[here + by]) enter(tiles[here + by]); return true; }
  if (event.key === " " || event.key === "Enter") { overrule(event.target); return true; }
  return false;
}

// ---- clicks and changes

document.addEventListener("click", event => {
  const target = event.target;
  if (target.closest("[data-help]")) $("#help").showModal();
  const scope = target.closest("[data-tick]");
  if (scope) tick(scope.dataset.tick);
  const saved = target.closest("[data-comment]");
  if (saved) { const field = $("#comment"); field.value = saved.dataset.comment; field.focus(); }
  if (target.matches(".tile")) overrule(target);
  const member = target.closest(".member");
  if (member) { all(".member.now").forEach(m => m.classList.remove("now")); member.classList.add("now"); }
});
document.addEventListener("change", event => { if (event.target.name === "member") count(); });
document.addEventListener("input", event => {
  const target = event.target, form = target.form;
  if (!form) return;
  if (target.dataset.slider) form.elements[target.dataset.slider].value = target.value;
  else if (target.name === "points") {
    const slider = $("[data-slider=points]", form);
    if (slider && isFinite(target.value)) slider.value = target.value;
  }
});

document.addEventListener("htmx:afterSettle", event => {
  mark();
  look(event.target);
  const tiles = $("#tiles");  // what was decided there is known to the forms beside it
  if (tiles) for (const field of all("#panel [name=seen]")) {
    if (Number(field.value) < Number(tiles.dataset.seen)) field.value = tiles.dataset.seen;
  }
  const panel = $("#panel");
  if (event.target === panel || event.detail.elt === panel) {
    const first = $(".member");
    if (first) first.classList.add("now");
    window.scrollTo(0, 0);
    panel.focus({ preventScroll: true });
  }
});
// what was said goes by itself; a problem stays until the next word
let fading = 0;
document.addEventListener("htmx:oobAfterSwap", event => {
  if (event.detail.target.id !== "toast" && event.detail.elt?.id !== "toast") return;
  clearTimeout(fading);
  fading = setTimeout(() => all("#toast .said:not(.problem)").forEach(said => said.remove()), 12000);
});
document.addEventListener("htmx:sendError", () => {
  const said = document.createElement("div");
  said.className = "said problem";
  said.textContent = document.body.dataset.gone;
  $("#toast").replaceChildren(said);
});
document.addEventListener("DOMContentLoaded", () => {
  const first = $(".member");
  if (first) first.classList.add("now");
  mark();
  look(document);
});
