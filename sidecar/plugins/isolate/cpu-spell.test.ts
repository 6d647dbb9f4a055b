import { spawn } from "node:child_process";
import { once } from "node:events";

import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import { CpuSpell } from "./cpu-spell.ts";
import { mainThreadCpu } from "./process-usage.ts";

/** Tells of each 5 ms that it had. */
const LOOP = `const { writeSync } = require("node:fs");
for (let told = 0; ; ) {
  const { user, system } = process.cpuUsage();
  if (user + system < told) continue;
  told = user + system + 5_000;
  writeSync(1, ".");
}`;

/** A process that never gives the CPU back. */
class Subject implements Disposable {
  readonly #child = spawn(process.execPath, ["-e", LOOP], { stdio: ["ignore", "pipe", "ignore"] });
  breadcrumb = { generation: 7, sequence: 1 };

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async started(): Promise<this> {
    await this.#told();
    return this;
  }

  stop(): void {
    this.#child.kill("SIGSTOP");
  }

  async burn(milliseconds: number): Promise<void> {
    const before = mainThreadCpu(this.pid) ?? 0;
    while ((mainThreadCpu(this.pid) ?? 0) - before <= milliseconds) await this.#told();
  }

  async #told(): Promise<void> {
    if (this.#child.stdout !== null) await once(this.#child.stdout, "data");
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}

test("whoever keeps the CPU without a word is seen after its time", async () => {
  using subject = await new Subject().started();
  const clock = new ManualClock();
  const spell = new CpuSpell(subject, clock);

  spell.look(0);
  await subject.burn(60);
  clock.advance(60);
  spell.look(0);

  expect(spell.lasted(50)).toBe(true);
  expect(spell.holder).toBe(7);
});

test("on a busy machine wall time alone does not count, CPU time does", async () => {
  using subject = await new Subject().started();
  const clock = new ManualClock();
  const spell = new CpuSpell(subject, clock);
  subject.stop();

  spell.look(0);
  clock.advance(60);
  spell.look(0);
  expect(spell.lasted(50)).toBe(false);
  expect(spell.holder).toBe(7);

  clock.advance(10_000);
  spell.look(0);
  expect(spell.lasted(50)).toBe(false);
  expect(spell.holder).toBe(0);
});

test("a word from the host, or another plugin's turn, begins a new spell", async () => {
  using subject = await new Subject().started();
  const clock = new ManualClock();
  const spell = new CpuSpell(subject, clock);

  spell.look(0);
  await subject.burn(60);
  clock.advance(60);
  spell.look(1);
  expect(spell.lasted(50)).toBe(false);

  await subject.burn(60);
  clock.advance(60);
  subject.breadcrumb = { generation: 8, sequence: 2 };
  spell.look(1);
  expect(spell.lasted(50)).toBe(false);
  expect(spell.holder).toBe(8);
});
