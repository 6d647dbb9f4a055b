/** One HTTP/1.1 message as a test writes it and as it should arrive. */
export interface PlainMessage {
  /** `GET /a HTTP/1.1` or `HTTP/1.1 200 OK`. */
  readonly firstLine: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
}

/** How a body is framed when it is written; `chunks` are the sizes to cut it into, over and over. */
export type PlainFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length" }
  | { readonly kind: "chunked"; readonly chunks: readonly number[] };

/** The bytes of a message, latin1. */
export function writeMessage(message: PlainMessage, framing: PlainFraming): string {
  const lines = message.fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `${message.firstLine}\r\n${lines}`;
  if (framing.kind === "none") return `${head}\r\n`;
  if (framing.kind === "length")
    return `${head}Content-Length: ${message.body.length}\r\n\r\n${message.body}`;
  const trailers = message.trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `${head}Transfer-Encoding: chunked\r\n\r\n${writeChunks(message.body, framing.chunks)}0\r\n${trailers}\r\n`;
}

function writeChunks(body: string, sizes: readonly number[]): string {
  let text = "";
  for (let at = 0, i = 0; at < body.length; i++) {
    const piece = body.slice(at, at + (sizes[i % sizes.length] ?? 1));
    text += `${piece.length.toString(16)}\r\n${piece}\r\n`;
    at += piece.length;
  }
  return text;
}

/**
 * Reads messages back without any of our parsers: it trusts what it reads, which is what a test compares. Framing
 * fields are left out; `rest` is what is not a whole message yet.
 */
export function readMessages(
  text: string,
  hasBody: (firstLine: string) => boolean = () => true,
): { readonly messages: readonly PlainMessage[]; readonly rest: string } {
  const messages: PlainMessage[] = [];
  let at = 0;
  for (;;) {
    const end = text.indexOf("\r\n\r\n", at);
    if (end < 0) return { messages, rest: text.slice(at) };
    const [firstLine = "", ...lines] = text.slice(at, end).split("\r\n");
    const fields = lines.map(readField);
    const content = hasBody(firstLine)
      ? readContent(text, end + 4, fields)
      : { body: "", trailers: [], next: end + 4 };
    if (content === undefined) return { messages, rest: text.slice(at) };
    const kept = fields.filter(([name]) => !/^(content-length|transfer-encoding)$/i.test(name));
    messages.push({ firstLine, fields: kept, body: content.body, trailers: content.trailers });
    at = content.next;
  }
}

function readField(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")];
}

interface Content {
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[];
  readonly next: number;
}

function readContent(
  text: string,
  start: number,
  fields: readonly (readonly [string, string])[],
): Content | undefined {
  const field = (wanted: string): string | undefined =>
    fields.find(([name]) => name.toLowerCase() === wanted)?.[1];
  if (field("transfer-encoding") === "chunked") return readChunks(text, start);
  const length = Number(field("content-length") ?? 0);
  if (text.length < start + length) return undefined;
  return { body: text.slice(start, start + length), trailers: [], next: start + length };
}

function readChunks(text: string, start: number): Content | undefined {
  let body = "";
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (size === 0) return readTrailers(text, lineEnd, body);
    if (text.length < lineEnd + 2 + size + 2) return undefined;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}

function readTrailers(text: string, lineEnd: number, body: string): Content | undefined {
  const end = text.indexOf("\r\n\r\n", lineEnd);
  if (end < 0) return undefined;
  const lines = text.slice(lineEnd + 2, end);
  return { body, trailers: lines === "" ? [] : lines.split("\r\n").map(readField), next: end + 4 };
}
