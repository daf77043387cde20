// Gives mail to one session of Claude Code, and says what has become of it.
//
// `amq run` copies this folder for each run and writes run.json into the copy: what to start, and where to report.
//
// The host writes lines of JSON, all ASCII, into a named pipe, which a child of this module reads:
//
//   {"op": "deliver", "offer": ID, "texts": [TEXT…], "notice": LINE}
//       TEXTS go with the next request to the model. If a turn is running, they may go with the result of a tool;
//       otherwise, or if that turn has ended without them, LINE begins a turn. LINE must not begin with a slash.
//   {"op": "ping", "n": N}
//
// An empty line, and the end of the pipe behind it, is for a module that the host does not follow.
//
// This module writes lines of JSON into another named pipe, after its hello only if the host has written to it: Claude
// Code gives the plugins of a session to others that it starts, which have nothing to do with the host and outlive it.
// Each line has `feed`, the number of the pipe that this module reads:
//
//   hello     {process, session, version}  it reads its pipe; comes again when Claude Code has reloaded the module
//   pong      {n, draft, cursor, busy}     the text in the input row, at most DRAFT characters, and if a turn is running
//   appended  {offer}                      Claude Code has taken the texts; they cannot be taken back
//   refused   {offer, reason}              it has not
//   started   {offer}                      the line has begun a turn
//   held      {offer, reason}              it has not: the texts wait for the user's next prompt
//   answered  {offer}                      the model has begun to answer a request that held the texts
//   lost      {offer}                      the conversation no longer has the texts, and no answer to them was seen
//   turn      {turn}                       a turn of the main conversation begins
//   completed {turn, outcome}              it has ended: answer, aborted, refusal or error
//   stopped   {}                           the user has pressed ESC: no line begins a turn before their next prompt
//   ended     {reason}                     the session has ended (clear, resume, …), and with it what was not answered
//   deaf      {}                           the child was ended by another than the host: nothing more is read
//   error     {reason}                     a line could not be carried out, or the conversation not be read
//
// Claude Code reads this file before it runs it: `$` may only be passed to functions declared at the top level, and its
// calls are spelled out.

const DRAFT = 1000;
const AMQ_WITHIN_MS = 60_000;
const NEXT_WITHIN_MS = 3_000;
const AGAIN_AFTER_MS = 500;
const ENDED_WITHIN_MS = 1_000; // a host that does not read must not keep Claude Code from ending a session
// The child has its pipe open before it names it, and keeps an end to write to until the host has one: between the two
// there is neither an error for the host nor an end of file.
const READ_A_PIPE_OF_ITS_OWN = [
  'pipe="$0.$$" && rm -f "$pipe" && mkfifo -m 600 "$pipe" && exec 3<>"$pipe" 4<"$pipe" && echo "$$ $PPID"',
  'IFS= read -r line <&4 && exec 3>&- && printf "%s\\n" "$line" && exec cat <&4',
].join(" && ");

let run; // run.json: {feed, events, tools: null | {amq, environment}}
let feed = 0; // the child's process id, which names its pipe
let isFollowed = false; // the host has written to this module, and not closed its pipe
let isBusy = false; // a turn of the main conversation is running
let nextBegins = null; // between two sessions, when texts would still go to the one that ends: a promise
let beginNext = () => {}; // resolves it
let reported = Promise.resolve(); // events leave in order
let waiting = []; // offers that are in the session, and whose answer was not seen: {offer, notice, row, hasBegun}

function report($, event, fields = {}) {
  const line = JSON.stringify({ event, feed, ...fields }) + "\n";
  reported = reported.then(() => write($, line, event === "hello")).catch(() => {});
  return reported;
}

// While the host follows, an event that cannot be written is written again: without its receipt mail would wait for ever.
async function write($, line, isHello) {
  while (isFollowed || isHello) {
    try {
      return await $.fs.write(run.events, line);
    } catch (error) {
      if (!isFollowed) throw error;
      await $.clock.sleep(AGAIN_AFTER_MS);
    }
  }
}

function fail($, error) {
  return report($, "error", { reason: String(error).slice(0, DRAFT) });
}

async function listen($) {
  let rest = "";
  const child = $.process.spawn({ argv: ["sh", "-c", READ_A_PIPE_OF_ITS_OWN, run.feed] });
  for (;;) {
    const { done, value } = await child.next();
    if (done) {
      isFollowed &&= value.code !== 0; // 0: the host has closed the pipe
      return report($, "deaf");
    }
    if (value.stream !== "stdout") continue;
    const lines = (rest + value.text).split("\n");
    rest = lines.pop();
    for (const line of lines.filter((line) => line)) {
      void act($, line).catch((error) => fail($, error));
    }
  }
}

async function act($, line) {
  if (!feed) return greet($, line);
  isFollowed = true;
  const message = JSON.parse(line);
  if (message.op === "ping") return answer($, message);
  if (message.op === "deliver") return deliver($, message);
  throw new Error(`no such op: ${message.op}`);
}

async function greet($, line) {
  const [own, process] = line.split(" ").map(Number);
  feed = own;
  const { version } = await $.session.version();
  return report($, "hello", { process, session: await $.session.id(), version });
}

async function answer($, { n }) {
  const { text, cursor } = await $.prompt.read();
  return report($, "pong", { n, draft: text.slice(0, DRAFT), cursor, busy: isBusy });
}

async function deliver($, { offer, texts, notice }) {
  const content = texts.map((text) => ({ type: "text", text }));
  if (nextBegins) await Promise.race([nextBegins, $.clock.sleep(NEXT_WITHIN_MS)]);
  const kept = await $.session.append({ message: { type: "user", content } }).catch((error) => ({ deny: `${error}` }));
  if (kept.deny !== undefined) return report($, "refused", { offer, reason: kept.deny });
  waiting.push({ offer, notice, row: kept.uuid, hasBegun: false });
  report($, "appended", { offer });
  if (!isBusy) begin($);
}

// Begins a turn for each offer that has not had one.
function begin($) {
  for (const one of waiting.filter((one) => !one.hasBegun)) {
    one.hasBegun = true;
    const { offer, notice } = one;
    void $.prompt.submit({ text: notice, asUser: true }).then(
      ({ drop }) => (drop === undefined ? report($, "started", { offer }) : report($, "held", { offer, reason: drop })),
      (error) => report($, "held", { offer, reason: String(error) }),
    );
  }
}

// Looks for the offers in the conversation. While a row waits there is nothing behind it; once a request has held it,
// the answer is.
async function settle($) {
  for (const one of [...waiting]) {
    const behind = await $.session.messages({ after: one.row });
    const isLost = behind.deny !== undefined;
    if (!isLost && !behind.some((row) => row.role === "assistant")) continue;
    waiting = waiting.filter((other) => other !== one);
    report($, isLost ? "lost" : "answered", { offer: one.offer });
  }
}

async function registerTools($) {
  for (const tool of TOOLS) await $.tool.register({ ...tool, isDeferred: false });
}

const TEXT = { type: "string" };
const TOOLS = [
  {
    name: "send",
    description:
      "Send a message to another agent, without a shell. To ask or to be asked, give a kind: question, review_request, " +
      "answer, status, …",
    inputSchema: {
      type: "object",
      properties: { to: { ...TEXT, description: "handles, with commas" }, subject: TEXT, body: TEXT, kind: TEXT },
      required: ["to", "subject", "body"],
    },
  },
  {
    name: "reply",
    description: "Answer a message of another agent in its thread, without a shell.",
    inputSchema: {
      type: "object",
      properties: { id: { ...TEXT, description: "of the message to answer" }, body: TEXT },
      required: ["id", "body"],
    },
  },
];

// Claude Code does not require what the schema does.
function option(name, value) {
  return value ? [`--${name}=${value}`] : [];
}

// Runs amq with WORDS. An error must be the result of the tool: a hook that throws leaves the call to a dialog.
async function amq($, words, body = "") {
  try {
    const { environment: env } = run.tools;
    const argv = [run.tools.amq, ...words, "--body=-"];
    const { exitCode, stdout, stderr } = await $.process.run(argv, { stdin: body, env, timeoutMs: AMQ_WITHIN_MS });
    return exitCode === 0 ? { result: stdout.trim() } : { deny: stderr.trim() || `amq ended with ${exitCode}` };
  } catch (error) {
    return { deny: String(error) };
  }
}

export function register(on) {
  on("session.start", async ($, e, next) => {
    run = JSON.parse(await $.fs.read(`${$.plugin.root}/run.json`));
    if (run.tools) await registerTools($);
    void listen($).catch((error) => fail($, error));
    return next(e);
  });

  // A subagent's turns and steps have its id; the mail is not for it.
  on("turn.start", async ($, e, next) => {
    if (e.agentId === undefined) {
      isBusy = true;
      report($, "turn", { turn: e.turnId });
    }
    return next(e);
  });
  on("turn.step", async function* ($, e, next) {
    const response = yield* next(e);
    if (e.agentId === undefined && response.stopReason !== null) await settle($).catch((error) => fail($, error));
    return response;
  });
  on("turn.complete", async ($, e, next) => {
    const ended = await next(e);
    if (e.agentId === undefined) {
      isBusy = false;
      report($, "completed", { turn: e.turnId, outcome: e.reason });
      begin($);
    }
    return ended;
  });
  on("session.stop", async ($, e, next) => {
    report($, "stopped");
    return next(e);
  });
  on("session.end", async ($, e, next) => {
    waiting = [];
    isBusy = false;
    nextBegins = new Promise((resolve) => (beginNext = resolve));
    await Promise.race([report($, "ended", { reason: e.reason }), $.clock.sleep(ENDED_WITHIN_MS)]);
    return next(e);
  });
  on("classic.SessionStart", async ($, e, next) => {
    const begun = await next(e);
    beginNext();
    nextBegins = null;
    return begun;
  });

  on("tool.call", { tool: "mcp__amq-mail__send" }, ($, e) => {
    const options = [...option("to", e.to), ...option("subject", e.subject), ...option("kind", e.kind)];
    return amq($, ["send", ...options], e.body);
  });
  on("tool.call", { tool: "mcp__amq-mail__reply" }, ($, e) => amq($, ["reply", ...option("id", e.id)], e.body));
}
