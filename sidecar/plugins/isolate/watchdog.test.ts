import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import { mainThreadCpu, residentBytes } from "./process-usage.ts";
import { HEARTBEAT, Watchdog, type Watched } from "./watchdog.ts";

class Subject implements Watched {
  readonly pid: number;
  readonly kills: string[] = [];
  pinged = false;
  heard = 0;
  longestHook = 0;

  constructor(pid: number) {
    this.pid = pid;
  }

  ping(): void {
    this.pinged = true;
  }

  kill(reason: string): void {
    this.kills.push(reason);
  }

  answer(): void {
    this.pinged = false;
    this.heard++;
  }
}

const roomy = { memory: () => Number.MAX_SAFE_INTEGER, longestEntry: () => 10 };

async function startProcess(source: string): Promise<ChildProcess & Disposable> {
  const child = spawn(process.execPath, ["-e", source], { stdio: ["ignore", "pipe", "ignore"] });
  if (child.stdout !== null) await once(child.stdout, "data");
  return Object.assign(child, { [Symbol.dispose]: () => void child.kill("SIGKILL") });
}

test("a host that burns CPU without a word is hung", async () => {
  using busy = await startProcess("console.log(1); for (;;);");
  const pid = busy.pid ?? 0;
  const subject = new Subject(pid);
  const clock = new ManualClock();
  const dog = new Watchdog(subject, roomy, clock);

  dog.look();
  const before = mainThreadCpu(pid) ?? 0;
  await expect.poll(() => (mainThreadCpu(pid) ?? 0) - before, { timeout: 10_000 }).toBeGreaterThan(300);
  clock.advance(300);
  dog.look();

  expect(subject.kills).toEqual(["hung"]);
});

test("a host that got no CPU is not hung, until it has been silent for seconds", async () => {
  using idle = await startProcess("console.log(1); setInterval(() => {}, 10_000);");
  const subject = new Subject(idle.pid ?? 0);
  const clock = new ManualClock();
  const dog = new Watchdog(subject, roomy, clock);

  for (let beats = 0; beats < 90; beats++) {
    dog.look();
    clock.advance(HEARTBEAT);
  }
  expect(subject.kills).toEqual([]);

  clock.advance(1_000);
  dog.look();
  expect(subject.kills).toEqual(["hung"]);
});

test("a host that answers, or is in a hook that may take so long, lives on", async () => {
  using busy = await startProcess("console.log(1); for (;;);");
  const pid = busy.pid ?? 0;
  const clock = new ManualClock();
  const answering = new Subject(pid);
  const hooked = new Subject(pid);
  hooked.longestHook = 60_000;
  const dogs = [answering, hooked].map((subject) => new Watchdog(subject, roomy, clock));

  for (const dog of dogs) dog.look();
  const before = mainThreadCpu(pid) ?? 0;
  await expect.poll(() => (mainThreadCpu(pid) ?? 0) - before, { timeout: 10_000 }).toBeGreaterThan(300);
  clock.advance(10_000);
  answering.answer();
  for (const dog of dogs) dog.look();

  expect([...answering.kills, ...hooked.kills]).toEqual([]);
});

test("a host over the ceiling is killed for its memory", () => {
  const subject = new Subject(process.pid);
  const resident = residentBytes(process.pid) ?? 0;
  const limits = { ...roomy, memory: () => resident / 2 };
  const dog = new Watchdog(subject, limits, new ManualClock());

  dog.look();

  expect(subject.kills).toEqual(["memory"]);
  expect(dog.resident).toBeGreaterThan(resident / 2);
});
