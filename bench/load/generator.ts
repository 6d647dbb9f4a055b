import { LoadConnection } from "./connection.ts";

/** What the generator is told, as one JSON argument. */
export interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  /** Requests per second over all connections; 0: as fast as answers come back. */
  readonly rate: number;
  /** Milliseconds, the first `warmup` of which are not counted. */
  readonly duration: number;
  readonly warmup: number;
  readonly request: string;
}

/** What it prints, as one line of JSON; latencies in milliseconds from the moment a request was due. */
export interface LoadReport {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

const order = JSON.parse(process.argv[2] ?? "") as LoadOrder;
const request = Buffer.from(order.request, "latin1");
const latencies: number[] = [];
let countingSince = Number.POSITIVE_INFINITY;
let running = true;

function broken(reason: string): void {
  process.stderr.write(`load on port ${order.port}: ${reason}\n`);
  process.exit(1);
}

function count(due: number): void {
  const now = performance.now();
  if (due >= countingSince) latencies.push(now - due);
}

function closedLoop(connection: LoadConnection): void {
  const due = performance.now();
  connection.send(() => {
    count(due);
    if (running) closedLoop(connection);
  });
}

/**
 * Requests become due at fixed moments, noticed by a timer of one millisecond whose own lateness is not counted;
 * those that then find no free connection wait, and their waiting counts.
 */
function fixedRate(connections: LoadConnection[]): void {
  const waiting: number[] = [];
  const idle = [...connections];
  const period = 1000 / order.rate;
  let next = performance.now();
  const serve = (): void => {
    while (idle.length > 0 && waiting.length > 0) {
      const connection = idle.pop();
      const due = waiting.shift();
      if (connection === undefined || due === undefined) return;
      connection.send(() => {
        count(due);
        idle.push(connection);
        serve();
      });
    }
  };
  const timer = setInterval(() => {
    if (!running) return clearInterval(timer);
    const now = performance.now();
    for (; next <= now; next += period) waiting.push(now);
    serve();
  }, 1);
}

const connections = Array.from(
  { length: order.connections },
  () => new LoadConnection(order.port, request, broken),
);
if (order.rate > 0) fixedRate(connections);
else for (const connection of connections) closedLoop(connection);

setTimeout(() => {
  countingSince = performance.now();
  process.stdout.write("counting\n");
}, order.warmup);

setTimeout(() => {
  running = false;
  const seconds = (performance.now() - countingSince) / 1000;
  const sorted = latencies.toSorted((a, b) => a - b);
  const quantile = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
  const report: LoadReport = { requests: sorted.length, seconds, p50: quantile(0.5), p99: quantile(0.99) };
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
}, order.duration);
