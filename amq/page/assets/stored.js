"use strict";

// The queue as `amq export` has written it into the page.

/** What the page shows, from the data in it. */
class Stored {
  constructor(data) {
    this.data = data;
    this.isLive = false;
    this.mayWrite = false;
  }

  async follow(handler, tell) {
    clock.stoppedMs = this.data.exported_ms;
    handler("queue", this.data.queue);
    handler("agents", this.data.agents);
    handler("messages", await this.older(FIRST));
    tell("stored", `exported ${new Date(this.data.exported_ms).toLocaleString()}`);
  }

  async message(item) {
    return this.data.messages.find((each) => each.key === item.key);
  }

  async thread(item) {
    const items = this.data.messages.filter((each) => each.thread === item.thread);
    return { items: items.sort((one, other) => one.place - other.place) };
  }

  async search(words) {
    const wanted = plain(words).split(/\s+/u).filter(Boolean);
    const found = this.data.messages.filter((each) => {
      const text = plain(`${each.subject}\n${each.body}`);
      return wanted.length > 0 && wanted.every((word) => text.includes(word));
    });
    return { items: found.slice(0, MOST_FOUND), has_more: found.length > MOST_FOUND };
  }

  async older(count) {
    return { items: this.data.messages.slice(0, count), has_more: this.data.messages.length > count };
  }
}

const MOST_FOUND = 200;

/** Return TEXT without capitals and accents, as a search compares it. */
function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
