/** What must become of the bytes of a case. */
export interface Outcome {
  /** The final statuses that the client is answered, in order. */
  readonly statuses: readonly number[];
  /** The requests that the app gets whole, byte for byte, `X-Forwarded-*` left out. */
  readonly requests: readonly string[];
  /** `closed`: by the sidecar. `half-closed`: by the client, behind its bytes; the sidecar closes too. */
  readonly connection: "kept" | "closed" | "half-closed";
  /** Whether the app may get part of a request beyond those: its head was fine before its body was not. */
  readonly part: boolean;
}

export interface SmugglingCase {
  readonly name: string;
  /** latin1. */
  readonly bytes: string;
  readonly outcome: Outcome;
}

export const HOST = "Host: a.test\r\n";

/** What an attacker wants the app to see, behind whatever hides it. */
export const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";

const CLOSED = { requests: [], connection: "closed", part: false } as const;

/** Answered so, the connection closed, and not a byte reaches the app. */
export function refused(name: string, bytes: string, status = 400): SmugglingCase {
  return { name, bytes, outcome: { ...CLOSED, statuses: [status] } };
}

/** The same where the body is what is wrong: of the request the app has a part at most. */
export function cut(name: string, bytes: string, status = 400): SmugglingCase {
  return { name, bytes, outcome: { ...CLOSED, statuses: [status], part: true } };
}

/** The client half-closes within its own request: nobody is left to be answered. */
export function brokenOff(name: string, bytes: string): SmugglingCase {
  return { name, bytes, outcome: { statuses: [], requests: [], connection: "half-closed", part: true } };
}

/** The app gets these requests, and each is answered. */
export function arrives(name: string, bytes: string, ...requests: readonly string[]): SmugglingCase {
  const statuses = requests.map(() => 200);
  return { name, bytes, outcome: { statuses, requests, connection: "kept", part: false } };
}

/** One request goes on and is the last: what stands behind it is nobody's. */
export function arrivesAndCloses(name: string, bytes: string, request: string): SmugglingCase {
  return { name, bytes, outcome: { ...CLOSED, statuses: [200], requests: [request] } };
}

/** One request goes on, and what stands behind it is refused. */
export function arrivesThenRefused(name: string, bytes: string, request: string): SmugglingCase {
  return { name, bytes, outcome: { ...CLOSED, statuses: [200, 400], requests: [request] } };
}

/** A GET with these lines, each with its own line end, behind Host. */
export function get(lines = "", target = "/"): string {
  return `GET ${target} HTTP/1.1\r\n${HOST}${lines}\r\n`;
}

/** A POST with these lines behind Host. */
export function post(lines: string, body = ""): string {
  return `POST /post HTTP/1.1\r\n${HOST}${lines}\r\n${body}`;
}

/** A POST whose chunked body is written so. */
export function chunked(body: string): string {
  return post("Transfer-Encoding: chunked\r\n", body);
}
