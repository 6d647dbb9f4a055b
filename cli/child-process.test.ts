import { expect, test } from "vitest";

import { ScarceDescriptors } from "../test/support/descriptor-limit.ts";
import { ChildProgram, endedEarly } from "./child-process.ts";

const start = () => new ChildProgram({ name: "the demo app", script: "./demo/app.ts", args: [] });

test("a part that cannot be started for want of descriptors is told by its name", () => {
  using _scarce = new ScarceDescriptors(3);

  expect(start).toThrow("the demo app cannot be started: EMFILE: this process may not open more files");
});

test("a part that turns out not to have started has ended, with the reason", async () => {
  const { execPath } = process;
  process.execPath = "/no/such/node";
  await using program = start();
  process.execPath = execPath;

  const end = await program.ended;

  expect(endedEarly(program.name, end).message).toBe(
    "the demo app cannot be started: spawn /no/such/node ENOENT",
  );
  expect(program.running).toBe(false);
});
