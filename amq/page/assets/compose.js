"use strict";

// What the user writes: a message, or a reply.

const drafts = new Map(); // what was typed and not sent, by where it belongs

function reply(message) {
  const isToFile = isUnread(message) && !message.is_cut; // all of it was on the screen
  go({ name: "write", reply: { key: message.key, from: message.from, subject: message.subject, isToFile } });
}

/** Show a form for a message to agents, or for a reply. */
function showForm(view) {
  const place = viewWithBack(view.reply ? `Reply to ${view.reply.from}: ${view.reply.subject}` : "Write a message");
  const draftKey = view.reply ? `reply ${view.reply.key}` : "message";
  const draft = drafts.get(draftKey) || { to: [], subject: "", kind: "", body: "", urgent: false };
  const to = new Set([...draft.to, ...(view.to || [])]);
  const form = make(
    "form",
    { class: "form" },
    view.reply ? "" : chooseRecipients(to),
    view.reply ? "" : field("Subject", make("input", { id: "subject", maxlength: "200", autocomplete: "off" })),
    field("Message", make("textarea", { id: "body", required: true })),
    view.reply ? "" : chooseKind(),
    view.reply ? "" : make("label", { class: "choice" }, make("input", { id: "urgent", type: "checkbox" }), "Urgent"),
    make("div", { class: "buttons" }, make("button", { id: "send", class: "main" }, "Send")),
  );
  const fields = Object.fromEntries(["subject", "body", "kind", "urgent"].map((id) => [id, form.querySelector(`#${id}`)]));
  fields.body.value = draft.body;
  if (!view.reply) {
    fields.subject.value = draft.subject;
    fields.kind.value = draft.kind;
    fields.urgent.checked = draft.urgent;
  }
  const read = () => (view.reply ? { ...draft, body: fields.body.value } : {
    to: Array.from(form.querySelectorAll("input[name=to]:checked"), (each) => each.value),
    subject: fields.subject.value,
    kind: fields.kind.value,
    body: fields.body.value,
    urgent: fields.urgent.checked,
  });
  form.addEventListener("input", () => drafts.set(draftKey, read()));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(view, read(), draftKey);
  });
  place.append(form);
}

function chooseKind() {
  const options = ["", ...page.kinds].map((kind) => make("option", { value: kind }, kind.replaceAll("_", " ") || "none"));
  return field("Kind", make("select", { id: "kind" }, options));
}

function field(name, control) {
  return make("div", {}, make("label", { for: control.id }, name), control);
}

function chooseRecipients(chosen) {
  const choices = page.agents.filter((agent) => agent.handle !== USER).map((agent) => {
    const box = make("input", { type: "checkbox", name: "to", value: agent.handle });
    box.checked = chosen.has(agent.handle);
    return make("label", { class: "choice" }, box, agent.handle);
  });
  return make("fieldset", {}, make("legend", {}, "To"), choices.length ? choices : "There are no agents.");
}

async function send(view, draft, draftKey) {
  const control = byId("send");
  const isSent = await told(async () => {
    if (!view.reply && !draft.to.length) throw new Error("Choose at least one agent.");
    control.disabled = true;
    if (!view.reply) await page.source.act("send", draft);
    else {
      await page.source.act("reply", { key: view.reply.key, body: draft.body });
      if (view.reply.isToFile) await page.source.act("seen", { key: view.reply.key });
    }
  });
  if (control) control.disabled = false;
  if (isSent) {
    drafts.delete(draftKey);
    announce("Sent");
    if (page.view === view) back();
  }
}
