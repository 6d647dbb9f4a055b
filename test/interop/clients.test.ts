import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { TestMesh } from "../support/mesh.ts";
import { installed, output } from "./program.ts";

// Foreign clients in front of a real sidecar with one plugin; the app tells what it received.
const PLUGIN = `export default { execute: () => ({ headerSet: [{ key: "X-Web-Seen", value: ["yes"] }] }) };`;
const UPLOAD = randomBytes(3 * 2 ** 20);
const UPLOAD_SHA = createHash("sha256").update(UPLOAD).digest("hex");

let app: TestApp;
let mesh: TestMesh;
let folder: string;
let url: string;

beforeAll(async () => {
  app = await TestApp.start();
  mesh = await TestMesh.start({ app: app.port, plugins: { seen: { source: PLUGIN } } });
  folder = await mkdtemp(join(tmpdir(), "sluice-interop-"));
  await writeFile(join(folder, "upload"), UPLOAD);
  url = `http://127.0.0.1:${mesh.inbound}`;
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe.skipIf(!installed("curl"))("curl", () => {
  for (const [name, flags] of [
    ["over HTTP/1.1", ["--http1.1"]],
    ["over h2c with prior knowledge", ["--http2-prior-knowledge"]],
    ["over HTTP/1.0", ["--http1.0"]],
  ] as const) {
    test(`gets an answer ${name}, with the plugin's header at the app`, async () => {
      const echoed = await output("curl", "-sS", "--fail", ...flags, `${url}/echo?q=1`);

      expect(JSON.parse(echoed)).toMatchObject({ method: "GET", url: "/echo?q=1" });
      expect(echoed.toLowerCase()).toContain(`"x-web-seen","yes"`);
    });

    test(`uploads megabytes ${name}`, async () => {
      const file = `@${join(folder, "upload")}`;
      const answer = await output("curl", "-sS", "--fail", ...flags, "--data-binary", file, `${url}/digest`);

      expect(JSON.parse(answer)).toEqual({ length: UPLOAD.length, sha256: UPLOAD_SHA });
    });
  }

  test("uploads in chunks after 100 Continue", async () => {
    const args = [
      "-H",
      "Expect: 100-continue",
      "-H",
      "Transfer-Encoding: chunked",
      "-T",
      join(folder, "upload"),
    ];
    const answer = await output("curl", "-sS", "--fail", "-X", "POST", ...args, `${url}/digest`);

    expect(JSON.parse(answer)).toEqual({ length: UPLOAD.length, sha256: UPLOAD_SHA });
  });

  test("keeps one connection for several requests and sees no body after HEAD", async () => {
    const script = ["-sS", "-I", `${url}/echo`, "--next", "-sS", `${url}/echo`, "-w", "\n%{num_connects}"];
    const text = await output("curl", ...script);

    expect(text).toContain("HTTP/1.1 200");
    expect(text.trimEnd().endsWith("\n0")).toBe(true);
  });
});

describe.skipIf(!installed("nghttp"))("nghttp", () => {
  test("uploads over h2c with a trailer", async () => {
    const args = ["-d", join(folder, "upload"), "--trailer", "x-checksum: 1", "-H", ":method: POST"];
    const answer = await output("nghttp", ...args, `${url}/digest`);

    expect(JSON.parse(answer)).toEqual({ length: UPLOAD.length, sha256: UPLOAD_SHA });
  });
});

describe.skipIf(!installed("python3"))("python's http.client", () => {
  const SCRIPT = `
import http.client, sys, json
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
data = open(sys.argv[2], "rb").read()
pieces = (data[at:at + 100_000] for at in range(0, len(data), 100_000))
connection.request("POST", "/digest", body=pieces, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
first = json.load(connection.getresponse())
connection.request("GET", "/echo")
second = json.load(connection.getresponse())
print(json.dumps([first, second["method"]]))
`;

  test("uploads in chunks and uses the same connection again", async () => {
    const text = await output("python3", "-c", SCRIPT, String(mesh.inbound), join(folder, "upload"));

    expect(JSON.parse(text)).toEqual([{ length: UPLOAD.length, sha256: UPLOAD_SHA }, "GET"]);
  });
});

describe.skipIf(!installed("wrk"))("wrk", () => {
  test("runs a second of load without an error", async () => {
    const text = await output("wrk", "-t1", "-c16", "-d1s", `${url}/echo`);

    expect(text).toMatch(/[1-9]\d* requests in/);
    expect(text).not.toMatch(/Non-2xx|Socket errors/);
  });
});

describe.skipIf(!installed("hey"))("hey", () => {
  test("gets 200 to each of its requests", async () => {
    const text = await output("hey", "-n", "400", "-c", "8", `${url}/echo`);

    expect(text).toMatch(/\[200\]\s+400 responses/);
  });
});

describe.skipIf(!installed("h2load"))("h2load", () => {
  test("gets every stream answered over h2c", async () => {
    const text = await output("h2load", "-n", "400", "-c", "4", "-m", "10", `${url}/echo`);

    expect(text).toContain("400 succeeded, 0 failed, 0 errored");
  });
});
