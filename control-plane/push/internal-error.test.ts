import { status as Status } from "@grpc/grpc-js";
import { expect, test } from "vitest";

import { createLogger, type Logger } from "../../core/log.ts";
import { PushMesh } from "../../test/support/push-mesh.ts";

interface Line {
  readonly msg: string;
  readonly node?: string;
  readonly err: { readonly message: string; readonly stack: string };
}

function logInto(lines: Line[]): Logger {
  return createLogger("error", { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
}

test("a mistake of ours while a node speaks ends its stream alone, and the log has what happened", async () => {
  const lines: Line[] = [];
  await using mesh = await PushMesh.start({ log: logInto(lines) });
  const [node, other] = [await mesh.connect("node-1"), await mesh.connect("node-2")];
  await other.ackNext(3);
  const resource = await node.next("resource");
  const listening = mesh.reports.onChange((id) => {
    if (id !== "node-1") return;
    listening[Symbol.dispose]();
    throw new TypeError("a mistake of ours");
  });
  node.ack(resource);
  expect(await node.ended()).toMatchObject({
    code: Status.INTERNAL,
    details: expect.stringContaining("its log has why"),
  });

  expect(lines).toMatchObject([
    {
      msg: "a node's stream broke when it said ack",
      node: "node-1",
      err: { message: "a mistake of ours", stack: expect.stringContaining("internal-error.test.ts") },
    },
  ]);
  expect(await other.report(true)).toBe(false);
});

test("a node that cannot be taken for a fault of ours is told to come again, and the log has which", async () => {
  const lines: Line[] = [];
  const authenticate = async (): Promise<never> => {
    throw new TypeError("a mistake of ours");
  };
  const onEnded = () => ({ [Symbol.dispose]: () => undefined });
  await using mesh = await PushMesh.start({
    log: logInto(lines),
    authenticator: () => ({ authenticate, onEnded }),
  });

  const status = await mesh.greet("node-1").ended();
  expect(status).toMatchObject({ code: Status.UNAVAILABLE });
  expect(status.details).not.toContain("mistake");
  expect(lines).toMatchObject([
    { msg: "a stream could not be taken", err: { message: "a mistake of ours" } },
  ]);
});
