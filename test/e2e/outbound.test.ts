import { afterAll, beforeAll, expect, test } from "vitest";

import { Child } from "../support/child.ts";
import { fixedPort } from "../support/fixed-port.ts";
import { TestMesh } from "../support/mesh.ts";
import { RawServer, RawSocket } from "../support/raw-socket.ts";

/** Says its name to every request, in an answer that tells what was asked. */
async function startNamed(name: string): Promise<RawServer> {
  return RawServer.listen((connection) => {
    connection.socket.on("data", (bytes: Buffer) => {
      const [first, host] = bytes.toString("latin1").split("\r\n");
      const body = `${name}: ${first}, ${host}`;
      connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
  });
}

let one: RawServer;
let two: RawServer;
let mesh: TestMesh;

beforeAll(async () => {
  one = await startNamed("one");
  two = await startNamed("two");
  mesh = await TestMesh.start({
    app: one.port,
    services: { orders: [`127.0.0.1:${one.port}`, `127.0.0.1:${two.port}`] },
    settings: { accessLog: false, lingerTimeout: "200ms" },
  });
});

afterAll(async () => {
  for (const each of [mesh, one, two]) await each[Symbol.asyncDispose]();
});

/** What one request is answered, head and body. */
async function ask(port: number, request: string): Promise<string> {
  await using client = await RawSocket.connect(port);
  client.write(request);
  return await client.until((received) => /\r\n\r\n.+/s.test(received));
}

test("a service is reached by its name, its endpoints in turn", async () => {
  const names: (string | undefined)[] = [];
  for (let turn = 0; turn < 6; turn++) {
    const answer = await ask(mesh.outbound, "GET / HTTP/1.1\r\nHost: orders\r\n\r\n");
    names.push(/(one|two): GET \/ HTTP\/1\.1, Host: orders$/.exec(answer)?.[1]);
  }

  expect(names).toEqual(["one", "two", "one", "two", "one", "two"]);
});

test("a service is reached in absolute form and in capitals too, as by HTTP_PROXY", async () => {
  const answer = await ask(mesh.outbound, "GET http://ORDERS/a?b HTTP/1.1\r\nHost: other\r\n\r\n");

  expect(answer).toMatch(/(one|two): GET \/a\?b HTTP\/1\.1, Host: ORDERS$/);
});

test("a service is reached by its name with a dot at its end too, which says that the name is whole", async () => {
  const answer = await ask(mesh.outbound, "GET / HTTP/1.1\r\nHost: orders.:80\r\n\r\n");

  expect(answer).toMatch(/(one|two): GET \/ HTTP\/1\.1, Host: orders\.:80$/);
});

test("a host that is no service is reached directly", async () => {
  const answer = await ask(mesh.outbound, `GET http://127.0.0.1:${two.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);

  expect(answer).toContain(`two: GET / HTTP/1.1, Host: 127.0.0.1:${two.port}`);
});

test("CONNECT is a tunnel whose bytes nobody touches, each direction closed on its own", async () => {
  await using far = await RawServer.listen();
  await using client = await RawSocket.connect(mesh.outbound);

  client.write(
    `CONNECT 127.0.0.1:${far.port} HTTP/1.1\r\nHost: 127.0.0.1:${far.port}\r\n\r\n\x16\x03\0early`,
  );
  expect(await client.untilText("\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
  const end = await far.accept();
  expect(await end.untilText("early")).toBe("\x16\x03\0early");
  client.socket.end("\xff\0bye");
  await end.untilEnd();
  expect(end.received).toMatch(/bye$/);
  end.socket.end("answer behind your end");

  expect(await client.untilEnd()).toMatch(/\r\n\r\nanswer behind your end$/);
});

test("CONNECT to nowhere is 502, and the answer says why", async () => {
  const gone = await RawServer.listen();
  const { port } = gone;
  await gone[Symbol.asyncDispose]();

  const answer = await ask(mesh.outbound, `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: a\r\n\r\n`);

  expect(answer).toMatch(/^HTTP\/1\.1 502 .*x-mesh-error: upstream_refused/is);
});

test("a request to the outbound listener itself is 508 at once, by whatever name, as a service and as a tunnel", async () => {
  await mesh.configure({
    services: { orders: [`127.0.0.1:${one.port}`], own: [`127.0.0.1:${mesh.outbound}`] },
  });
  const own = `:${mesh.outbound}`;
  await expect
    .poll(() => ask(mesh.outbound, "GET / HTTP/1.1\r\nHost: own\r\n\r\n"))
    .toMatch(/^HTTP\/1\.1 508 .*x-mesh-error: loop_detected/is);
  const before = await mesh.metric("sluice_exchanges_total");

  for (const host of ["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"]) {
    const answer = await ask(mesh.outbound, `GET http://${host}${own}/x HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 508 .*x-mesh-error: loop_detected/is);
  }
  const tunnel = await ask(mesh.outbound, `CONNECT 127.0.0.1${own} HTTP/1.1\r\nHost: a\r\n\r\n`);
  expect(tunnel).toMatch(/^HTTP\/1\.1 508 /);
  expect(await mesh.metric("sluice_exchanges_total")).toBe(before + 5);
});

test("what the app asks of itself goes by the inbound listener, where the way ends", async () => {
  const answer = await ask(mesh.outbound, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${mesh.inbound}\r\n\r\n`);

  expect(answer).toContain("one: GET /");
});

test("with unknownServices deny, what is no service is 502, tunnels too, and services still answer", async () => {
  await using strict = await TestMesh.start({
    app: one.port,
    services: { orders: [`127.0.0.1:${one.port}`] },
    unknownServices: "deny",
    settings: { accessLog: false, lingerTimeout: "200ms" },
  });
  const direct = `127.0.0.1:${two.port}`;

  const plain = await ask(strict.outbound, `GET / HTTP/1.1\r\nHost: ${direct}\r\n\r\n`);
  const tunnel = await ask(strict.outbound, `CONNECT ${direct} HTTP/1.1\r\nHost: ${direct}\r\n\r\n`);

  expect(plain).toMatch(/^HTTP\/1\.1 502 .*x-mesh-error: upstream_unreachable/is);
  expect(tunnel).toMatch(/^HTTP\/1\.1 502 .*x-mesh-error: upstream_unreachable/is);
  expect(await ask(strict.outbound, "GET / HTTP/1.1\r\nHost: orders\r\n\r\n")).toContain("one: GET /");
});

test.each(["inbound", "outbound"])(
  "an app's address that is the %s listener is refused at the start",
  async (name) => {
    const taken = await fixedPort();
    const main = new URL("../../sidecar/main.ts", import.meta.url).pathname;
    const ports = { inbound: 0, outbound: 0, admin: 0, [name]: taken };
    const flags = Object.entries(ports).flatMap(([flag, port]) => [`--${flag}`, `127.0.0.1:${port}`]);
    await using child = new Child(process.execPath, [main, "--app", `localhost:${taken}`, ...flags]);

    await child.line(new RegExp(`--app localhost:${taken} is this sidecar itself`));

    expect(await child.end("SIGCONT")).toBe(1);
  },
);
