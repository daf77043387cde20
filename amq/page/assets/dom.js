"use strict";

// Elements, and what is shown in them. Nothing here parses HTML: strings only ever become text.

/** Return the element of the page with this id. */
function byId(id) {
  return document.getElementById(id);
}

/** Return a new element with attributes (`on…`: a listener) and children; a child that is null, false or "" is left out. */
function make(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter(Boolean));
  return made;
}

/** Return a button with a text, which calls ACT. */
function button(text, act, attributes) {
  return make("button", { type: "button", onclick: act, ...attributes }, text);
}

/**
 * Make PARENT show ITEMS, in their order: draw those that are new or changed, and leave all others in place.
 *
 * So the focus, the selection and the scrolling stay where they are. KEY_OF returns a text that no other item has.
 */
function sync(parent, items, keyOf, draw) {
  const before = new Map(Array.from(parent.children, (node) => [node.dataset.key, node]));
  const focus = focusIn(parent);
  let at = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    const drawn = JSON.stringify(item);
    let node = before.get(key);
    if (!node || node.drawn !== drawn) {
      node = draw(item, Boolean(node));
      node.dataset.key = key;
      node.drawn = drawn;
    }
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
  if (focus && !parent.contains(document.activeElement)) refocus(parent, focus);
}

/** Return which control of which item in PARENT has the focus; null if none has. */
function focusIn(parent) {
  const control = document.activeElement;
  const node = parent.contains(control) && control.closest("[data-key]");
  return node ? { key: node.dataset.key, control: control.dataset.control } : null;
}

/** Give the focus to the control of an item in PARENT, as `focusIn` named it, if both are there. */
function refocus(parent, focus) {
  const node = Array.from(parent.children).find((each) => each.dataset.key === focus.key);
  const same = node && Array.from(node.querySelectorAll("[data-control]"));
  const found = same && same.find((each) => each.dataset.control === focus.control);
  if (found) found.focus();
}

const MINUTE_S = 60;
const AGES = [[86400, "d"], [3600, "h"], [MINUTE_S, "min"]];
const AGES_EVERY_MS = 20000;

const clock = { stoppedMs: null }; // what is stored has the ages of the instant at which it was stored

/** Return how long ago an instant is, in its largest unit, such as "3 h". */
function ageOf(instantMs) {
  const seconds = Math.max(0, ((clock.stoppedMs ?? Date.now()) - instantMs) / 1000);
  const [size, unit] = AGES.find(([each]) => seconds >= each) || [1, ""];
  return unit ? `${Math.floor(seconds / size)} ${unit}` : "now";
}

/** Return an element that shows how long ago an instant is, and goes on to do so. */
function age(instantMs) {
  const made = make("time", { datetime: isoOf(instantMs) }, ageOf(instantMs));
  made.since = instantMs;
  made.classList.add("age");
  return made;
}

setInterval(() => {
  for (const each of document.querySelectorAll("time.age")) each.textContent = ageOf(each.since);
}, AGES_EVERY_MS);

/** Return an element that shows an instant: the time of a day, and the date unless it is today's. */
function instant(instantMs) {
  const date = new Date(instantMs);
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const isToday = date.toDateString() === new Date().toDateString();
  const shown = isToday ? time : `${date.toLocaleDateString([], { dateStyle: "medium" })} ${time}`;
  return make("time", { datetime: isoOf(instantMs) }, shown);
}

function isoOf(instantMs) {
  const date = new Date(instantMs);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** Return "1 message" or "3 messages". */
function number(count, what) {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Tell those who do not see the page what has happened. */
function announce(text) {
  byId("news").textContent = text;
}
