import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { EditLine } from "./edit-line.ts";

/** A line whose edits are brought when the test says so. */
class Bringing {
  readonly clock = new ManualClock();
  readonly line = new EditLine(this.clock, async () => {
    this.begun++;
    this.atOnce = Math.max(this.atOnce, ++this.#underWay);
    await new Promise<void>((resolve) => (this.#end = resolve));
    this.#underWay--;
  });
  begun = 0;
  atOnce = 0;
  #underWay = 0;
  #end: () => void = () => {};

  /** An edit, and as long as it takes until it is brought where nothing is in its way. */
  edit(): void {
    this.line.changed();
    this.clock.advance(1_000);
  }

  async end(): Promise<void> {
    this.#end();
    await turn();
  }
}

test("a file that is written in several steps is brought once, when it has settled", () => {
  const bringing = new Bringing();
  const { line, clock } = bringing;
  line.changed();
  clock.advance(40);
  line.changed();
  clock.advance(40);
  expect(bringing.begun).toBe(0);

  clock.advance(1_000);

  expect(bringing.begun).toBe(1);
});

test("all edits that come while one is brought are brought as one behind it", async () => {
  const bringing = new Bringing();
  bringing.edit();
  expect(bringing.begun).toBe(1);
  expect(bringing.line.isBehind).toBe(false);

  bringing.edit();
  bringing.edit();
  expect(bringing.line.isBehind).toBe(true);
  await bringing.end();

  expect(bringing.begun).toBe(2);
  expect(bringing.line.isBehind).toBe(false);
  await bringing.end();
  expect(bringing).toMatchObject({ begun: 2, atOnce: 1 });
});

test("an edit that is still being written makes the one under way an old one", () => {
  const bringing = new Bringing();
  bringing.edit();
  bringing.line.changed();

  expect(bringing.line.isBehind).toBe(true);
});

test("an edit that comes when the one before is in force is brought too", async () => {
  const bringing = new Bringing();
  bringing.edit();
  await bringing.end();

  bringing.edit();

  expect(bringing.begun).toBe(2);
});

test("the end waits for the edit under way, and brings no further one", async () => {
  const bringing = new Bringing();
  bringing.edit();
  bringing.edit();
  let isOver = false;
  const over = bringing.line[Symbol.asyncDispose]().then(() => (isOver = true));
  bringing.line.changed();
  await turn();
  expect(isOver).toBe(false);
  expect(bringing.clock.pending).toBe(0);

  await bringing.end();
  await over;

  expect(bringing.begun).toBe(1);
});
