import { execFileSync } from "node:child_process";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import { ListeningSockets } from "./listening-sockets.ts";

const BURST = 160;
const ANY = { host: "127.0.0.1", port: 0 };
/** Ends when all of its connections stand. */
const CLIENT = `
  let standing = 0;
  for (let count = 0; count < ${BURST}; count++)
    require("node:net").connect(process.argv[1], "127.0.0.1", () => ++standing === ${BURST} && process.exit());
`;

function failed(error: Error): void {
  throw error;
}

test.skipIf(process.platform !== "linux")(
  "connections that came in a long turn are accepted many at a time, not one in each turn",
  async () => {
    const accepted: Socket[] = [];
    const sockets = new ListeningSockets((socket) => {
      accepted.push(socket);
      socket.on("error", () => {}).destroy();
    }, failed);
    await sockets.listen(ANY, false);

    // This process does nothing else until they all stand.
    execFileSync(process.execPath, ["-e", CLIENT, `${sockets.address?.port}`]);
    let turns = 0;
    for (; accepted.length < BURST; turns++) await setImmediate();
    await sockets.closed();

    expect(turns).toBeLessThan(BURST / 2);
  },
);

test("a port that others share by leave is refused to those who were not given it", async () => {
  const first = new ListeningSockets(() => {}, failed);
  const second = new ListeningSockets(() => {}, failed);
  await first.listen(ANY, true);
  const where = { host: "127.0.0.1", port: first.address?.port ?? 0 };

  await expect(second.listen(where, false)).rejects.toMatchObject({ code: "EADDRINUSE" });
  await second.listen(where, true);

  await Promise.all([first.closed(), second.closed()]);
});
