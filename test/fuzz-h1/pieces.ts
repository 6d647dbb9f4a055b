import type { Place, Random } from "./random.ts";

const NAME: Place = {
  usual: ["Accept", "x-a", "X-A", "Cookie", "x_y", "User-Agent", "!#$%&'*+-.^_`|~", "A", "x-mesh-path"],
  odd: ["x a", "", "x\u00e9", "x-a ", "(x)", "x\t"],
};

const VALUE: Place = {
  usual: [
    "",
    "a",
    "a b",
    "a,b;q=1",
    '"quoted, text"',
    "caf\u00e9\u0080\u00ff",
    "a\tb",
    "x: y",
    "0".repeat(90),
  ],
  odd: ["a\u0000b", "a\u007f", "a\rb", "a\nb", "a\r\n b", "a\r\n\tb", "\u0001"],
};

const SPACE_BEFORE: Place = { usual: [" ", " ", "", "\t", "  ", " \t "], odd: ["\u000b", "\r\n ", "\u00a0"] };
const SPACE_BEHIND: Place = { usual: ["", "", " ", "\t"], odd: ["\r", "\u000c"] };
export const LINE_END: Place = { usual: ["\r\n"], odd: ["\n", "\r", "\r\r\n", "\n\r", "\r\n\r\n"] };

/** Fields that mean something to framing, routing or a connection, and what stands in them. */
const SPECIAL: readonly [readonly [string, Place], ...(readonly [string, Place])[]] = [
  [
    "Connection",
    { usual: ["close", "keep-alive", "Keep-Alive, x-a", "te", ", x,"], odd: ["a b", "Close , x", '"a"', ""] },
  ],
  ["Expect", { usual: ["100-continue", "100-Continue"], odd: ["200-ok", "", "100-continue, x"] }],
  ["Upgrade", { usual: ["websocket", "h2c"], odd: ["", "websocket, h2c"] }],
  ["Keep-Alive", { usual: ["timeout=5", "timeout=5, max=9"], odd: ["x", "timeout=-1"] }],
  ["TE", { usual: ["trailers", "deflate"], odd: ["", "trailers;q=1"] }],
  ["Trailer", { usual: ["x-sum"], odd: ["Content-Length", ""] }],
];

const CODING: Place = {
  usual: ["chunked", "chunked", "Chunked"],
  odd: [
    ...([
      "gzip, chunked",
      "chunked, chunked",
      "chunked,",
      ",chunked",
      "identity",
      "xchunked",
      "chunkedx",
    ] as const),
    ...([
      "chunked;a=b",
      '"chunked"',
      "",
      "chun ked",
      "gzip",
      "chunked, gzip",
      "chunked identity",
      "\u000bchunked",
    ] as const),
  ],
};

/** What may stand for a length of 5. */
const FIVE = {
  odd: [
    "05",
    "+5",
    "-5",
    "5, 5",
    "5,5",
    "",
    "0x5",
    "5 5",
    "5e0",
    "18446744073709551621",
    "9007199254740997",
    "\u0665",
  ],
} as const;

/** One field line; mostly legal. */
export function fieldLine(random: Random): string {
  if (random.once(6)) return specialLine(random);
  return line(random, random.at(NAME), random.at(VALUE));
}

function specialLine(random: Random): string {
  const [name, place] = random.pick(SPECIAL);
  return line(random, name, random.at(place));
}

/** A line in some case and with some white space. */
export function line(random: Random, name: string, value: string): string {
  const cased = random.once(4) ? name.toLowerCase() : random.once(8) ? name.toUpperCase() : name;
  return `${cased}:${random.at(SPACE_BEFORE)}${value}${random.at(SPACE_BEHIND)}${random.at(LINE_END)}`;
}

/** A body and the lines that frame it; mostly in agreement. */
export function framedBody(random: Random): { readonly lines: readonly string[]; readonly body: string } {
  const frames = [noBody, sizedBody, sizedBody, chunkedBody, chunkedBody] as const;
  const { lines, body } = random.pick(frames)(random);
  if (!random.oddly()) return { lines, body };
  const [other] = random.pick([sizedBody, chunkedBody])(random).lines;
  return { lines: [...lines, other ?? ""], body };
}

interface FramedBody {
  readonly lines: readonly string[];
  readonly body: string;
}

function noBody(): FramedBody {
  return { lines: [], body: "" };
}

function sizedBody(random: Random): FramedBody {
  const odd = random.oddly();
  const body = odd ? "12345" : "body \r\n\u00ff".repeat(3).slice(0, random.below(20));
  const length = odd ? random.pick(FIVE.odd) : String(body.length);
  return { lines: [line(random, "Content-Length", length)], body };
}

function chunkedBody(random: Random): FramedBody {
  return { lines: [line(random, "Transfer-Encoding", random.at(CODING))], body: chunks(random) };
}

const EXTENSION: Place = {
  usual: ["", "", "", ";a", ";a=b", ';a="b;\\"c"', ";a;b=c"],
  odd: [
    ";",
    ";a=",
    "; a",
    ";a =b",
    ';a="b',
    " ;a",
    ";\u00ff",
    ';a="b"c',
    ";a;",
    ";=b",
    ';a="\u0001"',
    ";a\n",
  ],
};

const LAST_SIZE: Place = { usual: ["0", "0", "00"], odd: ["-0", "0x0", " 0", "0 ", "000000000000000", ""] };

function chunks(random: Random): string {
  const parts = random.times(random.below(4), () => {
    const bytes = "chunk\r\n\u0080".repeat(4).slice(0, 1 + random.below(30));
    return `${sizeOf(random, bytes.length)}${random.at(EXTENSION)}${random.at(LINE_END)}${bytes}${random.at(LINE_END)}`;
  });
  const trailers = random.once(3) ? random.times(random.below(3), () => trailerLine(random)).join("") : "";
  const last = `${random.at(LAST_SIZE)}${random.at(EXTENSION)}${random.at(LINE_END)}`;
  return `${parts.join("")}${last}${trailers}${random.at(LINE_END)}`;
}

function sizeOf(random: Random, length: number): string {
  const hex = length.toString(16);
  const odd = [
    `0x${hex}`,
    `${hex} `,
    ` ${hex}`,
    `+${hex}`,
    `${hex}g`,
    hex.padStart(14, "0"),
    `1${hex.padStart(16, "0")}`,
  ] as const;
  return random.at({ usual: [hex, hex, hex.toUpperCase(), `0${hex}`], odd });
}

const SMUGGLED = [
  "Transfer-Encoding: chunked\r\n",
  "Content-Length: 5\r\n",
  "Host: b\r\n",
  "Set-Cookie: a\r\n",
] as const;

function trailerLine(random: Random): string {
  if (random.oddly()) return random.pick(SMUGGLED);
  return line(random, "x-sum", random.at(VALUE));
}
