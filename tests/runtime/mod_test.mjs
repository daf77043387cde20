// Tests of the mod's amq.js by itself, beside a Claude Code that is played. AMQ_MOD names a copy of the module.

import assert from "node:assert/strict";
import { test } from "node:test";

const MOD = process.env.AMQ_MOD;
const RUN = { feed: "/run/mod.feed", events: "/run/mod.events", tools: null };
const TOOLS = { amq: "/bin/amq", environment: { AM_ME: "claude" } };
let loaded = 0;

const settled = () => new Promise((resolve) => setImmediate(resolve)); // after all that could go on at once

// A stream that is fed from outside, such as a child's output or the model's answer.
class Stream {
  #waiting = [];
  #items = [];
  push(item) {
    this.#items.push(item);
    if (this.#waiting.length) this.#waiting.shift()(this.#items.shift());
  }
  next() {
    if (this.#items.length) return Promise.resolve(this.#items.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
  [Symbol.asyncIterator]() {
    return this;
  }
}

// One session of Claude Code with the module in it: its conversation, its input row, and the module's events.
class Claude {
  reported = [];
  calls = [];
  rows = [];
  submitted = [];
  registered = [];
  sleepers = [];
  child = new Stream();
  draft = { text: "", cursor: 0 };
  append = (row) => ({ uuid: this.#row({ role: "note", ...row }) });
  amq = () => ({ exitCode: 0, stdout: "Sent ID to codex\n", stderr: "" });
  #hooks = {};
  #count = 0;

  async start(run = RUN) {
    const { register } = await import(`${MOD}?${loaded++}`);
    register((event, ...rest) => {
      this.#hooks[rest.length > 1 ? `${event} ${rest[0].tool}` : event] = rest.at(-1);
    });
    this.$ = {
      plugin: { root: "/run/mod" },
      fs: {
        read: async (path) => (path === "/run/mod/run.json" ? JSON.stringify(run) : assert.fail(path)),
        write: async (path, text) => {
          assert.equal(path, run.events);
          assert.ok(text.endsWith("\n"));
          this.reported.push(JSON.parse(text));
        },
      },
      process: {
        spawn: ({ argv }) => {
          this.argv = argv;
          return this.child;
        },
        run: async (argv, init) => {
          this.calls.push({ argv, ...init });
          return this.amq();
        },
      },
      prompt: {
        read: async () => this.draft,
        submit: (input) => new Promise((resolve, reject) => this.submitted.push({ input, resolve, reject })),
      },
      session: {
        id: async () => "S1",
        version: async () => ({ version: "2.1.332" }),
        append: async ({ message }) => this.append(message),
        messages: async ({ after }) => {
          const at = this.rows.findIndex((row) => row.uuid === after);
          return at < 0 ? { deny: "no row" } : this.rows.slice(at + 1);
        },
      },
      clock: { sleep: (ms) => new Promise((resolve) => this.sleepers.push({ ms, resolve })) },
      tool: { register: async (tool) => this.registered.push(tool) },
    };
    await this.raise("session.start", {}, { cwd: "/" });
    return this;
  }

  // Has the child begun, and the host written to it.
  async greeted(run) {
    await this.start(run);
    await this.says("41 40\n");
    await this.says('{"op": "ping", "n": 1}\n');
    this.reported = [];
    return this;
  }

  async says(text, stream = "stdout") {
    this.child.push({ done: false, value: { stream, text } });
    await settled();
  }
  host(message) {
    return this.says(JSON.stringify(message) + "\n");
  }
  deliver(offer, ...texts) {
    return this.host({ op: "deliver", offer, texts, notice: `amq: ${offer}` });
  }
  async childEnds(code) {
    this.child.push({ done: true, value: { code, signal: code === null ? "SIGTERM" : null } });
    await settled();
  }
  async raise(event, e, result) {
    const got = await this.#hooks[event](this.$, e, async () => result);
    await settled();
    return got;
  }
  // Runs a step whose answer has PIECES; the request holds the rows that wait, unless it is sent before they came.
  async step({ stopReason = "end_turn", holds = true, ...e } = {}) {
    const response = { stopReason };
    const beneath = async function* () {
      yield "piece";
      return response;
    };
    const stream = this.#hooks["turn.step"](this.$, e, beneath);
    assert.deepEqual(await stream.next(), { done: false, value: "piece" });
    if (holds) this.#row({ role: "assistant" });
    const last = await stream.next();
    assert.deepEqual(last, { done: true, value: response });
    await settled();
  }
  names() {
    return this.reported.map(({ event, offer }) => (offer ? `${event} ${offer}` : event));
  }
  call(tool, e) {
    return this.#hooks[`tool.call mcp__amq-mail__${tool}`](this.$, e, () => assert.fail("passed on"));
  }
  #row(row) {
    this.rows.push({ ...row, uuid: `row${this.#count++}` });
    return this.rows.at(-1).uuid;
  }
}

test("it says hello with its pipe and its process, and answers a ping with the draft", async () => {
  const claude = await new Claude().start();
  assert.deepEqual(claude.argv.slice(0, 2), ["sh", "-c"]);
  assert.equal(claude.argv[3], "/run/mod.feed");
  await claude.says("41 40\n");
  claude.draft = { text: "d".repeat(5000), cursor: 7 };
  await claude.host({ op: "ping", n: 3 });
  assert.deepEqual(claude.reported, [
    { event: "hello", feed: 41, process: 40, session: "S1", version: "2.1.332" },
    { event: "pong", feed: 41, n: 3, draft: "d".repeat(1000), cursor: 7, busy: false },
  ]);
});

test("it reports nothing but its hello to a host that has not written", async () => {
  const claude = await new Claude().start();
  await claude.says("41 40\n");
  await claude.raise("turn.start", { turnId: "T" });
  assert.deepEqual(claude.names(), ["hello"]);
});

test("lines come in pieces, and several at once", async () => {
  const claude = await new Claude().greeted();
  await claude.says('{"op": "ping",');
  await claude.says('"n": 2}\n{"op": "ping", "n": 3}\n{"op"');
  await claude.says(': "ping", "n": 4}\n');
  assert.deepEqual(claude.reported.map(({ n }) => n), [2, 3, 4]);
});

test("a module that the host does not follow reports nothing when it is let go", async () => {
  const claude = await new Claude().start();
  await claude.says("41 40\n");
  await claude.says("\n");
  await claude.childEnds(0);
  assert.deepEqual(claude.names(), ["hello"]);
});

test("what the child says in stderr is no line", async () => {
  const claude = await new Claude().greeted();
  await claude.says('{"op": "ping", "n": 2}\n', "stderr");
  assert.deepEqual(claude.reported, []);
});

test("a line that it cannot carry out is reported, and the next is carried out", async () => {
  const claude = await new Claude().greeted();
  await claude.says('{"op": "dance"}\nnot JSON\n{"op": "ping", "n": 2}\n');
  assert.deepEqual(claude.names().sort(), ["error", "error", "pong"]);
});

test("in an idle session the texts go in before the notice begins a turn", async () => {
  const claude = await new Claude().greeted();
  await claude.deliver("O1", "one", "/two");
  const content = [{ type: "text", text: "one" }, { type: "text", text: "/two" }];
  assert.deepEqual(claude.rows, [{ role: "note", type: "user", content, uuid: "row0" }]);
  assert.deepEqual(claude.submitted[0].input, { text: "amq: O1", asUser: true });
  assert.deepEqual(claude.names(), ["appended O1"]);
  claude.submitted[0].resolve({ text: "amq: O1" });
  await settled();
  await claude.raise("turn.start", { turnId: "T" });
  await claude.step();
  await claude.raise("turn.complete", { turnId: "T", reason: "answer" });
  assert.deepEqual(claude.names(), ["appended O1", "started O1", "turn", "answered O1", "completed"]);
  assert.equal(claude.submitted.length, 1);
});

test("a turn that the session did not begin is reported with its reason", async () => {
  const claude = await new Claude().greeted();
  await claude.deliver("O1", "one");
  await claude.deliver("O2", "two");
  claude.submitted[0].resolve({ drop: "stopped" });
  claude.submitted[1].reject(new Error("no"));
  await settled();
  const held = claude.reported.filter(({ event }) => event === "held");
  assert.deepEqual(held.map(({ offer, reason }) => [offer, reason]), [["O1", "stopped"], ["O2", "Error: no"]]);
});

test("texts that the session does not take begin no turn", async () => {
  const claude = await new Claude().greeted();
  claude.append = () => ({ deny: "policy" });
  await claude.deliver("O1", "one");
  claude.append = () => { throw new Error("no conversation"); };
  await claude.deliver("O2", "two");
  assert.deepEqual(claude.names(), ["refused O1", "refused O2"]);
  assert.deepEqual(claude.submitted, []);
});

test("texts that went with a tool's result begin no turn of their own", async () => {
  const claude = await new Claude().greeted();
  await claude.raise("turn.start", { turnId: "T" });
  await claude.deliver("O1", "one");
  await claude.step({ stopReason: "tool_use" });
  await claude.raise("turn.complete", { turnId: "T", reason: "answer" });
  assert.deepEqual(claude.names(), ["turn", "appended O1", "answered O1", "completed"]);
  assert.deepEqual(claude.submitted, []);
});

test("texts that a running turn did not take begin the next one", async () => {
  const claude = await new Claude().greeted();
  await claude.raise("turn.start", { turnId: "T" });
  await claude.deliver("O1", "one");
  assert.deepEqual(claude.submitted, []);
  await claude.step({ holds: false });
  await claude.raise("turn.complete", { turnId: "T", reason: "answer" });
  assert.deepEqual(claude.submitted.map(({ input }) => input.text), ["amq: O1"]);
});

test("a request that was not answered is no receipt", async () => {
  const claude = await new Claude().greeted();
  await claude.deliver("O1", "one");
  await claude.step({ stopReason: null });
  assert.deepEqual(claude.names(), ["appended O1"]);
});

test("an answer to a request that did not hold the texts is no receipt", async () => {
  const claude = await new Claude().greeted();
  await claude.deliver("O1", "one");
  await claude.step({ holds: false });
  assert.deepEqual(claude.names(), ["appended O1"]);
});

test("identical texts have a receipt each", async () => {
  const claude = await new Claude().greeted();
  await claude.deliver("O1", "one");
  await claude.deliver("O2", "one");
  await claude.step();
  await claude.step();
  assert.deepEqual(claude.names(), ["appended O1", "appended O2", "answered O1", "answered O2"]);
});

test("texts that are in the conversation no more are lost", async () => {
  const claude = await new Claude().greeted();
  await claude.deliver("O1", "one");
  claude.rows = [];
  await claude.step();
  assert.deepEqual(claude.names(), ["appended O1", "lost O1"]);
});

test("a conversation that cannot be read now is looked at again", async () => {
  const claude = await new Claude().greeted();
  const messages = claude.$.session.messages;
  await claude.deliver("O1", "one");
  claude.$.session.messages = async () => { throw new Error("busy"); };
  await claude.step();
  claude.$.session.messages = messages;
  await claude.step();
  assert.deepEqual(claude.names(), ["appended O1", "error", "answered O1"]);
});

test("what a subagent does is not reported, and keeps nothing waiting", async () => {
  const claude = await new Claude().greeted();
  await claude.raise("turn.start", { turnId: "T", agentId: "A" });
  await claude.deliver("O1", "one");
  assert.equal(claude.submitted.length, 1);
  await claude.step({ agentId: "A" });
  await claude.raise("turn.complete", { turnId: "T", reason: "answer", agentId: "A" });
  assert.deepEqual(claude.names(), ["appended O1"]);
});

test("the end of a subagent's turn is not the end of the main one", async () => {
  const claude = await new Claude().greeted();
  await claude.raise("turn.start", { turnId: "T" });
  await claude.raise("turn.complete", { turnId: "U", reason: "answer", agentId: "A" });
  await claude.deliver("O1", "one");
  assert.deepEqual(claude.submitted, []);
});

test("a session that ends takes along what was not answered", async () => {
  const claude = await new Claude().greeted();
  await claude.raise("turn.start", { turnId: "T" });
  await claude.deliver("O1", "one");
  await claude.raise("session.end", { reason: "clear" });
  await claude.raise("classic.SessionStart", { source: "clear" });
  await claude.step();
  await claude.deliver("O2", "two");
  assert.deepEqual(claude.names(), ["turn", "appended O1", "ended", "appended O2"]);
  assert.deepEqual(claude.submitted.map(({ input }) => input.text), ["amq: O2"]);
  assert.deepEqual(claude.sleepers.map(({ ms }) => ms), [1000], "only for the report");
});

test("between two sessions the texts wait for the next, but not for ever", async () => {
  const claude = await new Claude().greeted();
  await claude.raise("session.end", { reason: "clear" });
  await claude.deliver("O1", "one");
  assert.deepEqual(claude.names(), ["ended"]);
  await claude.raise("classic.SessionStart", { source: "clear" });
  assert.deepEqual(claude.names(), ["ended", "appended O1"]);
  await claude.raise("session.end", { reason: "resume" });
  await claude.deliver("O2", "two");
  assert.equal(claude.sleepers.at(-1).ms, 3000);
  claude.sleepers.at(-1).resolve();
  await settled();
  assert.deepEqual(claude.names(), ["ended", "appended O1", "ended", "appended O2"]);
});

test("a stop by the user is reported", async () => {
  const claude = await new Claude().greeted();
  await claude.raise("session.stop", { isTurnRunning: true });
  assert.deepEqual(claude.names(), ["stopped"]);
});

test("a child that was killed is reported, and receipts still are", async () => {
  const claude = await new Claude().greeted();
  await claude.deliver("O1", "one");
  await claude.childEnds(null);
  await claude.step();
  assert.deepEqual(claude.names(), ["appended O1", "deaf", "answered O1"]);
});

test("nothing is reported to a host that has closed its pipe", async () => {
  const claude = await new Claude().greeted();
  await claude.childEnds(0);
  await claude.raise("turn.start", { turnId: "T" });
  assert.deepEqual(claude.reported, []);
});

const full = async () => { throw new Error("EMFILE"); };

test("an event that cannot be reported is reported later, and in order", async () => {
  const claude = await new Claude().greeted();
  const write = claude.$.fs.write;
  claude.$.fs.write = full;
  await claude.host({ op: "ping", n: 2 });
  claude.$.fs.write = write;
  await claude.host({ op: "ping", n: 3 });
  assert.deepEqual(claude.reported, []);
  claude.sleepers.at(-1).resolve();
  await settled();
  assert.deepEqual(claude.reported.map(({ n }) => n), [2, 3]);
});

test("an event that cannot be reported is forgotten when the host has gone", async () => {
  const claude = await new Claude().greeted();
  claude.$.fs.write = full;
  await claude.host({ op: "ping", n: 2 });
  await claude.childEnds(0);
  claude.sleepers.at(-1).resolve();
  await settled();
  assert.equal(claude.sleepers.length, 1);
});

test("a hello that cannot be reported is not tried for ever", async () => {
  const claude = await new Claude().start();
  claude.$.fs.write = full;
  await claude.says("41 40\n");
  assert.deepEqual(claude.sleepers, []);
});

test("a session ends although the host does not read", async () => {
  const claude = await new Claude().greeted();
  claude.$.fs.write = () => new Promise(() => {});
  const ends = claude.raise("session.end", { reason: "clear" }, "ended");
  await settled();
  assert.equal(claude.sleepers.at(-1).ms, 1000);
  claude.sleepers.at(-1).resolve();
  assert.equal(await ends, "ended");
});

test("the tools are there before the first request, and only if they are wanted", async () => {
  const without = await new Claude().start();
  assert.deepEqual(without.registered, []);
  const { registered } = await new Claude().start({ ...RUN, tools: TOOLS });
  assert.deepEqual(registered.map(({ name, isDeferred }) => [name, isDeferred]), [["send", false], ["reply", false]]);
});

test("the tools run amq without a shell", async () => {
  const claude = await new Claude().start({ ...RUN, tools: TOOLS });
  const body = "a `b` $(c) \"d\" 'e'\n";
  assert.deepEqual(await claude.call("send", { to: "codex", subject: "-s", body }), { result: "Sent ID to codex" });
  await claude.call("send", { to: "codex", subject: "s", body, kind: "todo" });
  await claude.call("reply", { id: "ID", body });
  await claude.call("send", { to: "codex" });
  assert.deepEqual(claude.calls.map(({ argv }) => argv), [
    ["/bin/amq", "send", "--to=codex", "--subject=-s", "--body=-"],
    ["/bin/amq", "send", "--to=codex", "--subject=s", "--kind=todo", "--body=-"],
    ["/bin/amq", "reply", "--id=ID", "--body=-"],
    ["/bin/amq", "send", "--to=codex", "--body=-"],
  ]);
  assert.deepEqual(claude.calls.at(-1).stdin, "");
  assert.deepEqual(claude.calls[0].stdin, body);
  assert.deepEqual(claude.calls[0].env, TOOLS.environment);
});

test("an error of amq is the tool's result", async () => {
  const claude = await new Claude().start({ ...RUN, tools: TOOLS });
  claude.amq = () => ({ exitCode: 2, stdout: "", stderr: "amq: no\n" });
  assert.deepEqual(await claude.call("reply", { id: "ID", body: "b" }), { deny: "amq: no" });
  claude.amq = () => { throw new Error("ENOENT"); };
  assert.deepEqual(await claude.call("reply", { id: "ID", body: "b" }), { deny: "Error: ENOENT" });
});
