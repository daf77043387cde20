"use strict";

// The queue as `amq page` serves it.

const RETRY_MS = [500, 1000, 2000, 5000];

/** An answer of the server that is not what was asked for; the message is for the user. */
class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** What the page shows, from the server. `writing` is the token for writing, or "". */
class Live {
  constructor(reading, writing) {
    this.reading = reading;
    this.writing = writing;
    this.isLive = true;
  }

  get mayWrite() {
    return this.writing !== "";
  }

  /** Call HANDLER with the name and the value of each event; go on after errors. TELL says how the connection is. */
  async follow(handler, tell) {
    for (let failed = 0; ; failed += 1) {
      try {
        const answer = await this.request("/api/events", this.reading);
        tell("live");
        await readEvents(answer.body, (name, value) => {
          failed = 0;
          handler(name, value);
        });
        tell("lost", "amq page has closed the connection");
      } catch (error) {
        if (error instanceof Refused && error.status === 401) throw error;
        tell("lost", error instanceof Refused ? error.message : "no connection to amq page");
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(failed, RETRY_MS.length - 1)]));
    }
  }

  message(item) {
    return this.get("message", { key: item.key });
  }

  thread(item) {
    return this.get("thread", { key: item.key });
  }

  search(words) {
    return this.get("search", { words });
  }

  older(count) {
    return this.get("messages", { count });
  }

  history(handle) {
    return this.get("history", { agent: handle });
  }

  async get(what, parameters) {
    return (await this.request(`/api/${what}?${new URLSearchParams(parameters)}`, this.reading)).json();
  }

  /** Send VALUE as a command of the user, such as "send". */
  async act(what, value) {
    const body = JSON.stringify(value);
    const headers = { "Content-Type": "application/json" };
    return (await this.request(`/api/${what}`, this.writing, { method: "POST", body, headers })).json();
  }

  async request(path, token, options) {
    const { headers, ...others } = options || {};
    const answer = await fetch(path, {
      ...others,
      headers: { ...headers, Authorization: `Bearer ${token}` },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
    if (!answer.ok) throw new Refused(answer.status, await answer.text());
    return answer;
  }
}

/** Read server-sent events from a stream until it ends. */
async function readEvents(stream, handler) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (text + value).split("\n\n");
    text = events.pop();
    for (const event of events) {
      const fields = Object.fromEntries(event.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line]));
      if (fields.data) handler(fields.event.slice("event: ".length), JSON.parse(fields.data.slice("data: ".length)));
    }
  }
}
