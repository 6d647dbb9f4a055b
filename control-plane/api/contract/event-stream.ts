/** One server-sent event; comments (heartbeats) are none. */
export interface ServerEvent {
  /** `message` where the stream names none. */
  readonly event: string;
  readonly data: string;
  /** The last id that the stream told, with this event or before; empty: none yet. */
  readonly id: string;
}

/** No answer of the API is longer; a peer that sends more in one event is not ours. */
const LONGEST_EVENT = 64 * 1024 * 1024;

/**
 * Reads `text/event-stream` (HTML standard §9.2), whatever the pieces that it comes in; a cut last event is dropped. An id
 * without data is told as an event without data, so that its reader knows it.
 */
export async function* readEvents(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  let [event, id, told] = ["", "", ""];
  let data: string[] = [];
  let length = 0;
  for await (const line of lines(pieces)) {
    if (line === "") {
      if (data.length > 0 || id !== told)
        yield { event: event === "" ? "message" : event, data: data.join("\n"), id };
      told = id;
      [event, data, length] = ["", [], 0];
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    length += value.length;
    if (length > LONGEST_EVENT) throw new RangeError("an event is longer than any answer");
    if (field === "data") data.push(value);
    else if (field === "event") event = value;
    else if (field === "id") id = value;
  }
}

/** Lines end in LF, CR or CRLF. */
async function* lines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of pieces) {
    rest += decoder.decode(piece, { stream: true });
    if (rest.length > LONGEST_EVENT) throw new RangeError("an event is longer than any answer");
    let start = 0;
    // A CR at the very end may be the first half of a CRLF: it waits for what follows.
    for (const { index, 0: ending } of rest.matchAll(/\r\n|\n|\r(?!$)/g)) {
      yield rest.slice(start, index);
      start = index + ending.length;
    }
    rest = rest.slice(start);
  }
}
