import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

import { freePort } from "../../bench/running-process.ts";
import { Child } from "../support/child.ts";
import { TestMesh } from "../support/mesh.ts";
import { installed } from "./program.ts";

// Foreign servers as the app behind a real sidecar: what they say about a static file must arrive unchanged.
const FILE = randomBytes(2 ** 20);
const FILE_SHA = createHash("sha256").update(FILE).digest("hex");

interface ForeignApp {
  readonly name: string;
  readonly program: string;
  readonly ranges: boolean;
  command(folder: string, port: number): Promise<readonly string[]>;
}

const APPS: readonly ForeignApp[] = [
  { name: "nginx", program: "nginx", ranges: true, command: nginx },
  { name: "Apache", program: "apache2", ranges: true, command: apache },
  { name: "python's http.server", program: "python3", ranges: false, command: python },
];

async function nginx(folder: string, port: number): Promise<readonly string[]> {
  const config = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  await writeFile(
    config,
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit; events {}
http { access_log off; ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  server { listen 127.0.0.1:${port}; root ${folder}/files; } }`,
  );
  return ["nginx", "-p", folder, "-c", config];
}

async function apache(folder: string, port: number): Promise<readonly string[]> {
  const config = join(folder, "apache.conf");
  const modules = ["mpm_event", "authz_core"];
  const loads = modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`);
  await writeFile(
    config,
    `${loads.join("\n")}
ServerName localhost
User nobody
Group nogroup
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
DocumentRoot ${folder}/files
<Directory ${folder}/files>
  Require all granted
</Directory>
`,
  );
  return ["apache2", "-X", "-d", folder, "-f", config];
}

async function python(folder: string, port: number): Promise<readonly string[]> {
  const place = ["--directory", join(folder, "files"), "--bind", "127.0.0.1", "--protocol", "HTTP/1.1"];
  return ["python3", "-m", "http.server", ...place, String(port)];
}

async function accepting(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const opened = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (opened) return;
  }
}

interface Behind extends AsyncDisposable {
  readonly url: string;
}

async function sidecarBefore(foreign: ForeignApp): Promise<Behind> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "sluice-app-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // Apache reads files as nobody.
  await chmod(folder, 0o755);
  await mkdir(join(folder, "files"), { mode: 0o755 });
  await writeFile(join(folder, "files/data.bin"), FILE);
  const port = await freePort();
  const [program = "", ...args] = await foreign.command(folder, port);
  stack.use(new Child(program, args));
  await accepting(port);
  const mesh = stack.use(await TestMesh.start({ app: port, settings: { appProtocol: "http1" } }));
  const owned = stack.move();
  return {
    url: `http://127.0.0.1:${mesh.inbound}/data.bin`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

for (const foreign of APPS) {
  describe.skipIf(!installed(foreign.program))(`${foreign.name} as the app`, () => {
    test("serves a file whole, by HEAD, again with 304, and its absence", async () => {
      await using behind = await sidecarBefore(foreign);

      const whole = await fetch(behind.url);
      const bytes = Buffer.from(await whole.arrayBuffer());
      const head = await fetch(behind.url, { method: "HEAD" });
      const modified = whole.headers.get("last-modified") ?? "";
      const again = await fetch(behind.url, { headers: { "if-modified-since": modified } });
      const absent = await fetch(`${behind.url}.absent`);

      expect(createHash("sha256").update(bytes).digest("hex")).toBe(FILE_SHA);
      expect(head.headers.get("content-length")).toBe(String(FILE.length));
      expect([whole.status, head.status, again.status, absent.status]).toEqual([200, 200, 304, 404]);
    });

    test.skipIf(!foreign.ranges)("serves one range", async () => {
      await using behind = await sidecarBefore(foreign);

      const part = await fetch(behind.url, { headers: { range: "bytes=1000-1999" } });

      expect(part.status).toBe(206);
      expect(Buffer.from(await part.arrayBuffer())).toEqual(FILE.subarray(1000, 2000));
    });
  });
}
