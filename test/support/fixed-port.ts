import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below those that systems give to outgoing connections: one of these would take the place of who is just away. */
const FROM = 20_000;
const TO = 30_000;

/** A free port for what is to come back on the same one. */
export async function fixedPort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO);
    const server = createServer().listen(port, "127.0.0.1");
    const [outcome] = await Promise.race([once(server, "listening"), once(server, "error")]).then(
      () => [port],
      () => [],
    );
    if (outcome === undefined) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
