import { readFileSync } from "node:fs";

import type { Run } from "../sidecar/plugin-host/protocol/messages.ts";
import { HostDriver, runOf } from "../test/support/host-driver.ts";

// What a round trip to the plugin host costs: CPU of the host and of this process (which stands for the sidecar's
// end of the link), and the time until the answer. `node bench/plugin-host.ts [runs]`

const RUNS = Number(process.argv[2] ?? 20_000);
const ROUNDS = 7;
/** Clock ticks of /proc are 10 ms. */
const TICK_MICROS = 10_000;

/** Twelve headers of about thirty bytes. */
const HEADERS = [
  "Host: shop.example.internal:8080\r\n",
  "User-Agent: bench/1.0 (linux x64)\r\n",
  "Accept: application/json, */*\r\n",
  "Accept-Encoding: gzip, deflate\r\n",
  "Accept-Language: en-GB,en;q=0.8\r\n",
  "Cookie: session=0123456789abcdef\r\n",
  "X-Request-Id: 6f1c0a7e9b24d358\r\n",
  "X-Forwarded-For: 192.0.2.61\r\n",
  "X-Forwarded-Proto: https\r\n",
  "Cache-Control: no-cache\r\n",
  "Pragma: no-cache, no-store\r\n",
  "Traceparent: 00-4bf92f3577b34da6\r\n",
].join("");

const CASES = [
  { name: "no plugin", generations: [] },
  { name: "one, sets a header", generations: [1] },
  { name: "three, each sets a header", generations: [1, 2, 3] },
  { name: "one, allows", generations: [4] },
  { name: "one, reads and sets a header", generations: [5] },
  { name: "one, async", generations: [6] },
] as const;

await using host = await HostDriver.start();
for (const generation of [1, 2, 3])
  await host.loadWell(
    generation,
    `export default { execute: () => ({ headerSet: { "x-web-${generation}": "on" } }) }`,
  );
await host.loadWell(4, "export default { execute: () => {} }");
await host.loadWell(
  5,
  `export default { execute: (r) => ({ headerSet: { "x-web-agent": r.headers.get("user-agent") ?? "none" } }) }`,
);
await host.loadWell(6, `export default { execute: async () => ({ headerSet: { "x-web-6": "on" } }) }`);

interface Figures {
  readonly host: number;
  readonly client: number;
  readonly wall: number;
}

for (const inFlight of [32, 1])
  for (const { name, generations } of CASES) {
    const rounds: Figures[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await measure(generations, inFlight));
    const figure = (of: (figures: Figures) => number): string => median(rounds.slice(1).map(of)).toFixed(1);
    process.stdout.write(
      `${inFlight} in flight, ${name}: host ${figure((f) => f.host)} µs, client ${figure((f) => f.client)} µs, ` +
        `wall ${figure((f) => f.wall)} µs a run\n`,
    );
  }

async function measure(generations: readonly number[], inFlight: number): Promise<Figures> {
  const hostBefore = hostTicks();
  const clientBefore = process.cpuUsage();
  const began = performance.now();
  await drive(generations, inFlight);
  const wall = ((performance.now() - began) * 1000) / RUNS;
  const { user, system } = process.cpuUsage(clientBefore);
  return { host: ((hostTicks() - hostBefore) * TICK_MICROS) / RUNS, client: (user + system) / RUNS, wall };
}

async function drive(generations: readonly number[], inFlight: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let sent = 0;
  let answered = 0;
  const next = (): void => {
    const run: Run = runOf(++sent, generations, { headers: HEADERS });
    host.send(run);
  };
  host.onRan = () => {
    if (++answered === RUNS) resolve();
    if (sent < RUNS) next();
  };
  for (let i = 0; i < inFlight; i++) next();
  await promise;
}

/** User and system time of the host over all its threads. */
function hostTicks(): number {
  const fields = readFileSync(`/proc/${host.pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
