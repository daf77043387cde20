"use strict";

// Messages: the newest of all agents, one of them, a thread, and what a search has found.

const FIRST = 60; // the messages that are shown at first
let shownCount = FIRST;

function keyOf(message) {
  return message.key;
}

/** Show the newest messages of all agents. */
function showConversation() {
  const list = make("ul", { id: "list", "aria-label": "Messages, the newest first" });
  const older = button("Older messages", showOlder, { id: "older", hidden: true });
  byId("view").replaceChildren(make("h2", { id: "title", tabindex: "-1" }, "Conversation"), banner(), list, older);
  refreshConversation(page.messages);
}

function refreshConversation(found) {
  const { items } = found;
  sync(byId("list"), items, keyOf, drawItem);
  byId("older").hidden = !found.has_more;
  if (!items.length && page.hasMessages) byId("list").replaceChildren(make("li", { class: "faint" }, "No messages yet."));
}

async function showOlder() {
  await told(async () => {
    shownCount *= 4;
    page.messages = await page.source.older(shownCount);
    refreshConversation(page.messages);
  });
}

/** Return the message ITEM as an entry of a list. */
function drawItem(item, isKnown) {
  const isMine = item.from === USER || item.to.some((each) => each.handle === USER);
  const classes = ["message", isMine ? "mine" : "", isUnread(item) ? "unread" : "", isKnown ? "" : "fresh"];
  return make(
    "li",
    { class: classes.filter(Boolean).join(" ") },
    make(
      "button",
      { type: "button", "data-control": "open", onclick: () => go({ name: "message", item }) },
      drawHead(item),
    ),
  );
}

/** Return the lines that say what a message is: from whom, where it is, about what, and when. */
function drawHead(item) {
  return [
    make(
      "span",
      { class: "line" },
      make("span", { class: "route" }, `${item.from} → ${recipients(item)}`),
      make("span", { class: "faint where" }, whereInShort(item)),
    ),
    make("span", { class: "subject" }, item.subject),
    make(
      "span",
      { class: "line" },
      make("span", { class: "faint" }, instant(item.created_ms)),
      item.kind && make("span", { class: "faint" }, item.kind.replaceAll("_", " ")),
      item.priority === "urgent" && make("span", { class: "alarm" }, "urgent"),
    ),
  ];
}

/** Return whether the user has not read a message to them. */
function isUnread(item) {
  return item.to.some((each) => each.handle === USER && each.where === "unread");
}

function recipients(item) {
  return item.to.map((each) => each.handle).join(", ");
}

/** Return where a message is, in one word if it is so for all recipients. */
function whereInShort(item) {
  const places = new Set(item.to.map((each) => each.where));
  if (places.size === 1) return item.to[0].where;
  return item.to.map((each) => `${each.handle}: ${each.where}`).join(", ");
}

/** Show a message that was chosen in a list. */
async function showMessage(view) {
  const place = viewWithBack(view.item.subject);
  await told(async () => {
    const message = await page.source.message(view.item);
    if (page.view !== view) return;
    view.message = message;
    byId("title").textContent = message.subject;
    place.replaceChildren(drawMessage(message), make("div", { class: "buttons" }, actionsFor(message)));
  }, place);
}

function drawMessage(message) {
  const facts = [
    ["from", message.from],
    ["to", make("span", {}, recipients(message))],
    ["is", make("span", { class: "whereabouts" }, whereInShort(message))],
    ["time", instant(message.created_ms)],
    ["kind", (message.kind || "").replaceAll("_", " ")],
    ["priority", message.priority === "normal" ? "" : message.priority],
    ["thread", message.thread],
    ["id", message.id],
  ];
  return make(
    "article",
    { "aria-label": `Message from ${message.from}` },
    make("dl", {}, facts.filter(([, value]) => value).map(([what, value]) => [make("dt", {}, what), make("dd", {}, value)])),
    drawText(message),
  );
}

/** Return a message as one of a thread. */
function drawOfThread(message) {
  return make("article", { "aria-label": `Message from ${message.from}` }, drawHead(message), drawText(message));
}

function drawText(message) {
  return [
    message.problem && make("p", { class: "alarm" }, `Its text cannot be read: ${message.problem}`),
    make("pre", { class: "body" }, message.body),
    message.is_cut && make("p", { class: "faint" }, `Only the beginning is shown. All of it: amq thread --include-body --id ${message.id}`),
  ];
}

function actionsFor(message) {
  return [
    page.source.mayWrite && button("Reply", () => reply(message), { id: "reply", class: "main" }),
    button("Thread", () => go({ name: "thread", item: message }), { id: "thread" }),
    page.source.mayWrite && isUnread(message) && button("Mark as read", (event) => markRead(message, event.target), { id: "seen" }),
  ].filter(Boolean);
}

async function markRead(message, control) {
  control.disabled = true;
  await told(async () => {
    await page.source.act("seen", { key: message.key });
    control.remove();
    announce("Marked as read");
  });
  control.disabled = false;
}

/** Show all of a conversation, the oldest message first. */
async function showThread(view) {
  await refreshThread(view, viewWithBack(`Thread ${view.item.thread}`));
}

async function refreshThread(view, place) {
  await told(async () => {
    const { items, is_cut: isCut } = await page.source.thread(view.item);
    if (page.view !== view) return;
    const last = items[items.length - 1];
    if (!place.firstChild) {
      const answer = page.source.mayWrite && last && button("Reply to the last", () => reply(view.last), { id: "reply", class: "main" });
      place.append(
        isCut ? make("p", { class: "faint" }, "Only the last messages are shown.") : "",
        make("div", { class: "thread" }),
        make("div", { class: "buttons" }, answer || ""),
      );
    }
    view.last = last;
    sync(place.querySelector(".thread"), items, keyOf, drawOfThread);
  }, place);
}

/** Show the messages that have all words. */
async function showSearch(view) {
  const place = viewWithBack(`Search: ${view.words}`);
  await told(async () => {
    const { items, has_more: hasMore } = await page.source.search(view.words);
    if (page.view !== view) return;
    const count = `${number(items.length, "message")}${hasMore ? ", the newest" : ""}`;
    const list = make("ul", { id: "list", "aria-label": "Messages that were found" });
    place.replaceChildren(make("p", { class: "faint" }, count), list);
    sync(list, items, keyOf, (item) => drawItem(item, true));
    announce(count);
  }, place);
}

/** Make the view one with a way back; return where its content belongs. */
function viewWithBack(title) {
  const place = make("div", {});
  byId("view").replaceChildren(
    make("div", { class: "buttons" }, button("‹ Back", back, { id: "back" })),
    make("h2", { id: "title", tabindex: "-1" }, title),
    banner(),
    place,
  );
  return place;
}

/** Return the place for what has gone wrong. */
function banner() {
  return make("p", { id: "banner", class: "banner", role: "alert", hidden: true });
}
