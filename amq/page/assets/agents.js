"use strict";

// The agents: those that need the user first, those at rest folded to a line.

const openDetails = new Set(); // the handles of agents whose details are open

/** Show AGENTS. */
function showAgents(agents) {
  const needy = agents.filter((each) => each.needs_user);
  const quiet = agents.filter((each) => !each.needs_user && each.is_quiet);
  const busy = agents.filter((each) => !each.needs_user && !each.is_quiet);
  const focus = focusIn(byId("agents"));
  for (const [id, group] of [["needy", needy], ["busy", busy], ["resting", quiet]]) {
    sync(byId(id), group, (agent) => agent.handle, drawAgent);
  }
  byId("quiet").hidden = quiet.length === 0;
  byId("quiet").firstElementChild.textContent = `${quiet.length} quiet: ${quiet.map((each) => (each.handle === USER ? "you" : each.handle)).join(", ")}`;
  if (focus && document.activeElement === document.body) {
    for (const id of ["needy", "busy", "resting"]) refocus(byId(id), focus);
  }
  document.title = `${needy.length ? `(${needy.length}) ` : ""}${byId("queue").textContent}`;
}

function drawAgent(agent) {
  const unread = agent.unread ? number(agent.unread, "unread message") : "";
  return make(
    "li",
    {},
    make(
      "div",
      { class: "line" },
      make("span", { class: "handle" }, agent.handle === USER ? "you" : agent.handle),
      agent.state && make("span", { class: agent.needs_user && !agent.is_elsewhere ? "alarm" : "" }, agent.state),
      agent.since_ms && make("span", { class: "faint" }, age(agent.since_ms)),
      unread && make("span", {}, unread),
      agent.oldest_ms && make("span", { class: "faint" }, "oldest ", age(agent.oldest_ms)),
      agent.dead_letters ? make("span", { class: "alarm" }, number(agent.dead_letters, "dead letter")) : "",
    ),
    agent.question && make("p", { class: "question" }, agent.question),
    agent.problem && make("p", { class: "question alarm" }, agent.problem),
    agent.waits_for && make("p", { class: "faint" }, `Mail waits: ${agent.waits_for}`, since(agent.waits_since_ms)),
    agent.handle === USER ? "" : drawDetails(agent),
  );
}

function since(instantMs) {
  return instantMs ? make("span", {}, " (", age(instantMs), ")") : "";
}

function drawDetails(agent) {
  const facts = agent.facts.map(([what, value]) => [make("dt", {}, what), make("dd", {}, value)]);
  const history = make("div", {});
  const details = make(
    "details",
    { open: openDetails.has(agent.handle) },
    make("summary", { "data-control": "details", "aria-label": `Details of ${agent.handle}` }, "Details"),
    facts.length ? make("dl", {}, facts) : "",
    make(
      "div",
      { class: "buttons" },
      page.source.mayWrite &&
        button(`Write to ${agent.handle}`, () => go({ name: "write", to: [agent.handle] }), { "data-control": "write" }),
      page.source.isLive &&
        button("What was tried", () => showHistory(agent.handle, history), { "data-control": "history" }),
      page.source.mayWrite && agent.waits_for && !agent.is_elsewhere &&
        button("Notify again", () => wake(agent.handle, history), { "data-control": "wake" }),
    ),
    history,
  );
  details.addEventListener("toggle", () => {
    if (details.open) openDetails.add(agent.handle);
    else openDetails.delete(agent.handle);
  });
  return details;
}

async function showHistory(handle, place) {
  await told(async () => {
    const { lines, why_not: whyNot } = await page.source.history(handle);
    place.replaceChildren(make("pre", { class: "body", tabindex: "0" }, lines.join("\n") || whyNot || "Nothing yet."));
  }, place);
}

async function wake(handle, place) {
  await told(async () => {
    const { text } = await page.source.act("wake", { agent: handle });
    place.replaceChildren(make("p", { class: "faint", role: "status" }, text));
  }, place);
}
