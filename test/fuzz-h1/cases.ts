import { mutate } from "./mutations.ts";
import { fieldLine, framedBody, line, LINE_END } from "./pieces.ts";
import { type Place, Random } from "./random.ts";

/** What one connection carries in one direction, in the pieces in which it arrives. */
export interface WireCase {
  readonly bytes: Buffer;
  /** Where the bytes are cut; each place lies within them, in order. */
  readonly cuts: readonly number[];
  /** For answers: the method that was asked. */
  readonly asked: string;
}

const METHOD: Place = {
  usual: ["GET", "GET", "POST", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "PROPFIND"],
  odd: ["CONNECT", "FOO", "get", "", "G\u00e9T", "GET ", "\r\nGET", "\nGET", " GET", "PRI", "(GET)"],
};

const TARGET: Place = {
  usual: [
    "/",
    "/a?b=c",
    "/a%20b",
    "http://a.example/b",
    "http://a.example",
    '/a|{}\\^`"<>',
    "//a",
    "HTTP://A:81?x",
  ],
  odd: [
    ...([
      "*",
      "http://u@a.example/",
      "https://a/",
      "a.example:443",
      "/a#b",
      "/\u00e9",
      "?a",
      "a",
      "ftp://a/b",
    ] as const),
    ...([
      "http://[::1]:80/",
      "http:///a",
      "/\u007f",
      "/a b",
      "/a\tb",
      "/\u0000",
      "",
      "http://a:b/",
      "#",
      "/a\rb",
    ] as const),
  ],
};

const VERSION: Place = {
  usual: ["HTTP/1.1"],
  odd: [
    "HTTP/1.0",
    "HTTP/1.0",
    "HTTP/0.9",
    "HTTP/2.0",
    "HTTP/1.2",
    "http/1.1",
    "HTTP/1.10",
    "HTTP/1,1",
    "HTTP/11",
    "ICE/1.1",
    " HTTP/1.1",
    "HTTP/1.1 ",
    "",
  ],
};

const HOST: Place = {
  usual: ["a.example", "a.example:8080", "[::1]:1"],
  odd: ["", "a:b", "u@a", "a,b", "a b", "a:99999", "a/b", "[::1", "%61"],
};

const STATUS: Place = {
  usual: ["200", "200", "200", "404", "500", "204", "304", "999"],
  odd: ["101", "099", "20", "2000", "2x0", "", " 200", "-200", "100"],
};

const PHRASE: Place = {
  usual: [" OK", " Not Found", " ", "", " caf\u00e9\t"],
  odd: [" O\u0000K", "\tOK", " O\rK", "  OK", "OK"],
};

const GAP: Place = { usual: [" "], odd: ["  ", "\t", "", " \t", "\u000b"] };

/** One or two requests on a connection, at times damaged; the same for the same number. */
export function requestCase(seed: number): WireCase {
  const random = new Random(seed);
  const text = random.times(random.once(3) ? 2 : 1, () => requestText(random)).join("");
  return finish(random, text, "");
}

/** An answer, an informational one before it at times, to a method that is asked. */
export function responseCase(seed: number): WireCase {
  const random = new Random(seed);
  const asked = random.pick(["GET", "GET", "GET", "POST", "HEAD"]);
  const informed = random.once(5) ? responseText(random, random.pick(["100", "103", "102"]), false) : "";
  return finish(random, informed + responseText(random, random.at(STATUS), true), asked);
}

function requestText(random: Random): string {
  const { lines, body } = framedBody(random);
  const version = random.below(10) > 0 ? random.at(VERSION) : "HTTP/1.0";
  const first = `${random.at(METHOD)}${random.at(GAP)}${random.at(TARGET)}${random.at(GAP)}${version}`;
  const hosts = random.oddly() ? random.below(3) : 1;
  const host = random.times(hosts, () => line(random, "Host", random.at(HOST)));
  const fields = random.times(random.below(4), () => fieldLine(random));
  return `${first}${random.at(LINE_END)}${turned(random, [...host, ...lines, ...fields])}${random.at(LINE_END)}${body}`;
}

function responseText(random: Random, status: string, framed: boolean): string {
  const { lines, body } = framed ? framedBody(random) : { lines: [], body: "" };
  const version = !framed || random.below(10) > 0 ? random.at(VERSION) : "HTTP/1.0";
  const first = `${version}${random.at(GAP)}${status}${random.at(PHRASE)}`;
  const fields = random.times(random.below(4), () => fieldLine(random));
  return `${first}${random.at(LINE_END)}${turned(random, [...lines, ...fields])}${random.at(LINE_END)}${body}`;
}

/** The lines in an order in which any may come first. */
function turned(random: Random, lines: readonly string[]): string {
  const turn = random.below(lines.length + 1);
  return [...lines.slice(turn), ...lines.slice(0, turn)].join("");
}

function finish(random: Random, text: string, asked: string): WireCase {
  const whole = Buffer.from(text, "latin1");
  const bytes = random.once(4) ? mutate(random, whole) : whole;
  const cuts = random.once(2) ? random.times(random.below(6), () => random.below(bytes.length + 1)) : [];
  return { bytes, cuts: cuts.toSorted((a, b) => a - b), asked };
}
