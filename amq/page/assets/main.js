"use strict";

// The page as a whole: where its data comes from, what is shown, and the keys.

const USER = "user";
const page = {
  source: null,
  view: null,
  agents: [],
  kinds: [],
  messages: { items: [], has_more: false },
  hasMessages: false,
};
const VIEWS = {
  conversation: showConversation,
  message: showMessage,
  thread: showThread,
  search: showSearch,
  write: showForm,
};

/** Show a view, with the focus at its beginning, and let the browser's own way back lead to the one before it. */
function go(view) {
  const opener = focusIn(byId("list") || document.body);
  history.replaceState({ ...history.state, opener }, "");
  history.pushState({ view, isInner: true }, "");
  show(view);
  focusView();
}

function back() {
  if (history.state && history.state.isInner) history.back();
  else show({ name: "conversation" });
}

function show(view) {
  page.view = view;
  document.body.dataset.view = view.name;
  VIEWS[view.name](view);
  scrollTo(0, 0);
}

function focusView() {
  const field = page.view.name === "write" && byId("view").querySelector("form input, form textarea");
  (field || byId("title")).focus();
}

window.addEventListener("popstate", (event) => {
  const state = event.state || {};
  if (!page.source) return;
  show(state.view || { name: "conversation" });
  focusView();
  if (state.opener && byId("list")) refocus(byId("list"), state.opener);
});

/** Run ACT; say what went wrong, if anything did. Return whether all went well. */
async function told(act, place) {
  try {
    await act();
    if (byId("banner")) byId("banner").hidden = true;
    return true;
  } catch (error) {
    if (error instanceof Refused && error.status === 401) askForToken("The address is no longer valid.");
    else if (byId("banner")) sayWrong(error);
    else if (place) place.replaceChildren(make("p", { class: "banner", role: "alert" }, textOf(error)));
    return false;
  }
}

function textOf(error) {
  return error instanceof TypeError ? "amq page does not answer. Look whether it still runs, then try again." : error.message;
}

function sayWrong(error) {
  const place = byId("banner");
  place.textContent = textOf(error);
  place.hidden = false;
}

/** Take an event of the source. */
function take(name, value) {
  if (name === "queue") {
    byId("queue").textContent = value.name;
    page.kinds = value.kinds;
    byId("problem").textContent = value.problem;
    byId("problem").hidden = !value.problem;
    if (value.is_gone) showAgents([]);
  } else if (name === "agents") {
    page.agents = value;
    showAgents(value);
  } else if (name === "messages") {
    takeMessages(value);
  }
}

function takeMessages(value) {
  const known = new Set(page.messages.items.map(keyOf));
  const came = value.items.filter((each) => !known.has(keyOf(each)));
  const isFirst = !page.hasMessages;
  page.hasMessages = true;
  if (shownCount > FIRST) {
    const inNew = new Set(value.items.map(keyOf));
    value = { items: [...value.items, ...page.messages.items.filter((each) => !inNew.has(keyOf(each)))], has_more: true };
  }
  page.messages = value;
  if (!isFirst && came.length) {
    const [last] = came;
    announce(`${number(came.length, "new message")}: ${last.from} to ${recipients(last)}: ${last.subject}`);
  }
  if (page.view.name === "conversation") refreshConversation(value);
  else if (page.view.name === "thread" && came.some((each) => each.thread === page.view.item.thread)) {
    refreshThread(page.view, byId("view").lastElementChild);
  } else if (page.view.name === "message") {
    const now = value.items.find((each) => keyOf(each) === keyOf(page.view.item));
    const place = byId("view").querySelector(".whereabouts");
    if (now && place) place.textContent = whereInShort(now);
  }
}

const CONNECTION = { live: "live", lost: "not connected", stored: "" };

function tellConnection(state, text) {
  const place = byId("connection");
  const shown = text || CONNECTION[state];
  if (place.textContent !== shown) place.textContent = shown;
  place.classList.toggle("lost", state === "lost");
}

/** Ask for the address that amq page has printed. */
function askForToken(why) {
  document.body.dataset.view = "start";
  page.source = null;
  page.view = { name: "start" };
  const input = make("input", { id: "token", type: "password", autocomplete: "off", required: true });
  const form = make(
    "form",
    { class: "form" },
    make("p", {}, why, " Paste the address that amq page has printed, or start it again."),
    field("Address", input),
    make("div", { class: "buttons" }, make("button", { class: "main" }, "Open")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start(tokensIn(input.value.slice(input.value.indexOf("#") + 1)));
  });
  byId("view").replaceChildren(make("h2", { id: "title", tabindex: "-1" }, "amq page"), form);
  tellConnection("stored", "");
  input.focus();
}

const KEPT = "amq page";

/** Return the tokens for reading and for writing in TEXT: `READING` or `READING.WRITING`. */
function tokensIn(text) {
  const [reading, writing = ""] = text.trim().split(".");
  return { reading, writing };
}

/** Take the tokens out of the address, so that they are not in the browser's history; keep them for a reload. */
function tokensFromAddress() {
  const inAddress = location.hash.slice(1);
  if (inAddress) {
    sessionStorage.setItem(KEPT, inAddress);
    history.replaceState(null, "", location.pathname);
  }
  return tokensIn(inAddress || sessionStorage.getItem(KEPT) || "");
}

async function start({ reading, writing }) {
  const data = byId("data");
  if (!data && !reading) {
    askForToken("This address has no token.");
    return;
  }
  page.source = data ? new Stored(JSON.parse(data.textContent)) : new Live(reading, writing);
  byId("write").hidden = !page.source.mayWrite;
  byId("write-keys").hidden = !page.source.mayWrite;
  if (!data) sessionStorage.setItem(KEPT, writing ? `${reading}.${writing}` : reading);
  history.replaceState({ view: { name: "conversation" } }, "");
  show({ name: "conversation" });
  const source = page.source;
  try {
    await source.follow((...event) => page.source === source && take(...event), tellConnection);
  } catch (error) {
    if (error instanceof Refused) askForToken("The address is no longer valid.");
    else throw error;
  }
}

// keys, as in amq top

const KEYS = {
  "/": () => byId("words").focus(),
  w: () => page.source.mayWrite && go({ name: "write" }),
  r: () => byId("reply") && byId("reply").click(),
  t: () => byId("thread") && byId("thread").click(),
  j: () => step(1),
  k: () => step(-1),
};

/** Move the focus to the next or the previous message of a list. */
function step(by) {
  const controls = Array.from(document.querySelectorAll("#list button"));
  const at = controls.indexOf(document.activeElement);
  const next = controls[at < 0 ? 0 : at + by];
  if (next) next.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !page.source) return;
  const isTyping = event.target.matches("input, textarea, select");
  if (event.key === "Escape" && page.view.name !== "conversation") back();
  else if (event.key === "Escape" && isTyping) byId("title").focus();
  else if (!isTyping && KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = byId("words").value.trim();
  if (words && page.source) go({ name: "search", words });
});
byId("write").addEventListener("click", () => go({ name: "write" }));
byId("skip").addEventListener("click", () => byId("title").focus());

start(tokensFromAddress());
