import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import type { Argument, Command, Option } from "commander";
import { expect, test } from "vitest";

import { ENDPOINTS, type EndpointName } from "../../control-plane/api/contract/endpoints.ts";
import { API_PREFIX } from "../../control-plane/api/contract/prefix.ts";
import { calledCommand } from "../../test/support/called-command.ts";
import { idleLine } from "../../test/support/idle-line.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { LISTINGS } from "../listings.ts";
import { ASKED_ENDPOINTS } from "./asked-endpoints.ts";
import { COMMANDS } from "./commands.ts";

/** They ask no control plane, or run one. */
const LOCAL = [
  "up",
  "sidecar",
  "control-plane",
  "control-plane restore",
  "plugin pack",
  "plugin new",
  "context list",
  "context use",
  "context set",
  "version",
];

/** A word for each argument and option that has to be there. */
const WORDS: Readonly<Record<string, string>> = {
  id: "1",
  name: "1",
  plugin: "a",
  file: "backup",
  path: "tagger.zip",
  "name@version": "a@1.0.0",
  "--node": "web-1",
  "--reason": "x",
  "--until": "+1h",
  "--grant": "viewer",
  "--filename": "documents.yaml",
};

/** What commands need beside what commander knows that they do. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  "release create": ["--full", "--cluster", "demo"],
  "release widen": ["--gray", "50%"],
  "plugin enable": ["--cluster", "demo"],
  "plugin degrade": ["--cluster", "demo"],
  "plugin disable": ["--cluster", "demo"],
  "plugin remove": ["--cluster", "demo"],
  wait: ["--cluster", "demo"],
};

/** Words of a command, and what calls it. */
async function calls(): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  const add = (command: Command, path: readonly string[]): void => {
    const name = [...path, command.name()];
    const text = name.join(" ");
    for (const child of command.commands) add(child, name);
    if (text === "get") for (const { kind } of LISTINGS) found.set(`get ${kind}`, [...name, kind]);
    else if (command.commands.length === 0 || text === "control-plane")
      found.set(text, [...name, ...wordsOf(command), ...(MORE[text] ?? [])]);
  };
  for (const { load } of COMMANDS) add(await load(idleLine()), []);
  return found;
}

function wordsOf(command: Command): readonly string[] {
  const taken = command.registeredArguments.filter((each: Argument) => each.required);
  const needed = command.options.filter((each: Option) => each.mandatory);
  return [
    ...taken.map((each) => WORDS[each.name()] ?? `no word for ${each.name()}`),
    ...needed.flatMap(({ long }) => [long ?? "", WORDS[long ?? ""] ?? `no word for ${long}`]),
  ];
}

/** What a command reads before it asks for what takes its right. */
const READ_BEFORE: Readonly<Record<string, string>> = {
  "control-plane backup": "/api/v1/plugins",
  "plugin remove": "/api/v1/clusters/demo/chain",
};

/** Refuses everything but an empty listing at `open`, and remembers the first thing that was asked beside it. */
async function refusingServer(
  open: string | undefined,
): Promise<AsyncDisposable & { readonly url: string; asked(): string | undefined }> {
  let first: string | undefined;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://a");
    request.resume();
    if (pathname === open) return response.end(JSON.stringify({ items: [] }));
    first ??= `${request.method} ${pathname}`;
    const problem = { type: "about:blank", title: "T", status: 403, code: "forbidden", detail: "no" };
    return response
      .writeHead(403, { "content-type": "application/problem+json" })
      .end(JSON.stringify(problem));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => first,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function isRequestOf(name: EndpointName, asked: string): boolean {
  const { method, path } = ENDPOINTS[name];
  const pattern = `${API_PREFIX}${path}`.replaceAll(/:[a-zA-Z]+/g, "[^/]+");
  return new RegExp(`^${method} ${pattern}$`).test(asked);
}

test("every command that asks a control plane is in the table, and no other is", async () => {
  const names = [...(await calls()).keys()];

  expect(new Set([...LOCAL, ...Object.keys(ASKED_ENDPOINTS)])).toEqual(new Set(names));
});

test("what a command asks for is what the table says", { timeout: 30_000 }, async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("tagger.zip", pluginZip());
  await folder.write("documents.yaml", "{ kind: Domain, name: shop }");
  const all = await calls();

  for (const [command, endpoint] of Object.entries(ASKED_ENDPOINTS)) {
    await using server = await refusingServer(READ_BEFORE[command]);
    const place = { server: server.url, token: "sluice_x", directory: folder.path };
    const { code, stderr } = await calledCommand(place, ...(all.get(command) ?? []));

    const asked = server.asked() ?? "nothing";
    expect([command, code, stderr, isRequestOf(endpoint, asked) ? endpoint : asked]).toEqual([
      command,
      3,
      expect.stringContaining("sluice: no"),
      endpoint,
    ]);
  }
});
