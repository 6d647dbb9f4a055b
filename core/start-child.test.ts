import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

import { expect, test } from "vitest";

import { ScarceDescriptors } from "../test/support/descriptor-limit.ts";
import { descriptors } from "../test/support/process-resources.ts";
import { startChild, type StartedChild } from "./start-child.ts";

/** As many pipes as any child of ours has. */
const start = (file = "/bin/true") =>
  startChild("a child", () => spawn(file, [], { stdio: ["ignore", "pipe", "pipe", "pipe"] }));

function startWith(left: number): StartedChild<ChildProcess> | { readonly thrown: unknown } {
  using _scarce = new ScarceDescriptors(left);
  try {
    return start();
  } catch (thrown) {
    return { thrown };
  }
}

test("however few descriptors are left, a child runs or its start throws, and no descriptor is lost", async () => {
  await once(start().child, "close");
  const before = descriptors(process.pid);
  const came: string[] = [];

  for (let left = 0; left < 24; left++) {
    const outcome = startWith(left);
    if ("child" in outcome) await once(outcome.child, "close");
    else
      expect(outcome.thrown).toMatchObject({
        code: "child_not_started",
        source: "internal",
        retryable: true,
      });
    came.push("child" in outcome ? "ran" : "threw");
    expect(descriptors(process.pid), `${left} were left`).toBe(before);
  }

  expect(new Set(came)).toEqual(new Set(["threw", "ran"]));
});

test("an error tells what could not be started and why", () => {
  expect(startWith(0)).toMatchObject({
    thrown: {
      message: expect.stringMatching(
        /^a child cannot be started: EMFILE: this process may not open more files/,
      ),
    },
  });
});

test("a file that is not there is told in the next turn, and harms nobody who does not listen", async () => {
  const { child, started } = start("/no/such/file");

  expect(child.pid).toBeUndefined();
  await expect(started).rejects.toMatchObject({ code: "child_not_started", cause: { code: "ENOENT" } });
  const unheard = start("/no/such/file").child;
  await new Promise((resolve) => unheard.on("close", resolve));
});
