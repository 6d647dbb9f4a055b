import { applyEdits } from "../core/headers/apply-edits.ts";
import { withoutHopByHop } from "../core/headers/hop-by-hop.ts";
import { requestHeadText } from "../sidecar/http/h1/head-writer.ts";
import type { ParsedRequest } from "../sidecar/http/h1/message.ts";
import { RequestReader } from "../sidecar/http/h1/request-reader.ts";
import { DEFAULT_WIRE_LIMITS } from "../sidecar/http/limits.ts";

/**
 * Nanoseconds for each step of a head's way through the codec: `node bench/h1-codec.ts`. Batches are shorter than a
 * time slice and the best of many counts, so that other processes on the machine hardly show.
 */
const BATCHES = 3000;
const BATCH = 300;

const HEAD = Buffer.from(
  [
    "GET /api/items/42?page=3 HTTP/1.1",
    "Host: shop.example:8080",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
    "Accept: application/json, text/plain",
    "Accept-Language: en-GB,en;q=0.9",
    "Accept-Encoding: gzip, deflate, br",
    "Connection: keep-alive",
    "X-Request-Id: 6f1c1ad5-7f1e-44fb",
    "X-Forwarded-For: 10.1.2.3",
    "Cookie: session=abcdef0123456789; theme=dark",
    "Cache-Control: no-cache",
    "Referer: http://shop.example/",
    "Authorization: Bearer abc.def.ghi",
    "",
    "",
  ].join("\r\n"),
);

const EDITS = [
  { name: "X-WEB-A", values: ["one"] },
  { name: "X-WEB-B", values: ["two"] },
  { name: "accept", values: ["three"] },
];

const reader = new RequestReader(DEFAULT_WIRE_LIMITS);
const wire = Buffer.alloc(4096);
const { head, framing } = parse();
const headers = withoutHopByHop(head.headers);
const edited = applyEdits(headers, EDITS);

console.log(
  `a head of ${HEAD.length} bytes with ${head.headers.size} fields; ns, best and median of ${BATCHES} batches`,
);
time("read it", parse);
time("drop hop-by-hop fields", () => withoutHopByHop(head.headers));
time("apply three edits", () => applyEdits(headers, EDITS));
time("write it untouched", () => write({ ...head, headers }));
time("write it edited", () => write({ ...head, headers: edited }));
time("read, drop, write", () => {
  const parsed = parse();
  return write({ ...parsed.head, headers: withoutHopByHop(parsed.head.headers) });
});

function parse(): ParsedRequest {
  const read = reader.read(HEAD, 0);
  if (read.kind !== "head") throw new Error(`the head is ${read.kind}`);
  return read.parsed;
}

function write(request: Parameters<typeof requestHeadText>[0]): number {
  return wire.write(requestHeadText(request, framing), 0, "latin1");
}

function time(step: string, run: () => unknown): void {
  const batches = Array.from({ length: BATCHES }, () => {
    const startedAt = process.hrtime.bigint();
    for (let i = 0; i < BATCH; i++) run();
    return Number(process.hrtime.bigint() - startedAt) / BATCH;
  }).toSorted((a, b) => a - b);
  const [best = 0, median = 0] = [batches[0], batches[BATCHES / 2]];
  console.log(`${step.padEnd(24)} ${best.toFixed(0).padStart(6)} ${median.toFixed(0).padStart(6)}`);
}
