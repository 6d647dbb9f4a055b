import * as fc from "fast-check";
import { expect, test } from "vitest";

import { describeProblem, InputError } from "../../core/errors.ts";
import { checkSnapshot, MAX_SNAPSHOT_BYTES, parseSnapshot } from "./snapshot-schema.ts";

const HEAD = "apiVersion: sluice/v1\nkind: Mesh\n";

/** `none`, or each problem on a line; whatever else is thrown fails the test. */
function problemsOf(check: () => unknown): string {
  try {
    check();
  } catch (thrown) {
    if (thrown instanceof InputError) return thrown.problems.map(describeProblem).join("\n");
    throw thrown;
  }
  return "none";
}

function problemsIn(text: string): string {
  return problemsOf(() => parseSnapshot("mesh.yaml", text));
}

test("a snapshot that says everything is understood", () => {
  const snapshot = parseSnapshot(
    "/etc/sluice/mesh.yaml",
    `${HEAD}
node: { id: node-1, cluster: shop, service: orders, symbol: blue, labels: { zone: a } }
sidecar: { inbound: 127.0.0.1:0 }
plugins: { folder: ./plugins }
chain:
  - plugin: header-tag
    version: 1.0.0
    mode: degrade
    tag: blue
    config: { prefix: X-WEB-, list: [1, true, null] }
    match:
      path: { prefix: /api }
      method: [GET, POST]
      header: { X-A: { exact: b }, x-b: { present: false } }
      percentage: 12.5
      bucketBy: { cookie: uid }
    failurePolicy: open
    timeout: 1.5s
    cpu: 5ms
    memory: 16MiB
deadlines: { request: 100ms }
services: { Billing: ["127.0.0.1:9001", "[::1]:9002"] }
unknownServices: deny
`,
  );
  expect(snapshot).toEqual({
    where: "/etc/sluice/mesh.yaml",
    directory: "/etc/sluice",
    node: { id: "node-1", cluster: "shop", service: "orders", symbol: "blue", labels: { zone: "a" } },
    settings: { inbound: "127.0.0.1:0" },
    pluginFolders: ["/etc/sluice/plugins"],
    chain: [
      {
        plugin: "header-tag",
        version: "1.0.0",
        mode: "degrade",
        tag: "blue",
        config: { prefix: "X-WEB-", list: [1, true, null] },
        match: {
          path: { prefix: "/api" },
          methods: ["GET", "POST"],
          headers: [
            { name: "X-A", value: { exact: "b" } },
            { name: "x-b", value: { present: false } },
          ],
          percentage: 12.5,
          bucketKey: { kind: "cookie", name: "uid" },
        },
        failurePolicy: "open",
        timeout: 1_500,
        cpu: 5,
        memory: 16 * 1024 ** 2,
      },
    ],
    deadlines: { request: 100, response: 200 },
    services: {
      billing: [
        { host: "127.0.0.1", port: 9001 },
        { host: "::1", port: 9002 },
      ],
    },
    unknownServices: "deny",
  });
});

test("a snapshot that says next to nothing has defaults", () => {
  expect(parseSnapshot("/etc/mesh.yaml", `${HEAD}chain: [{ plugin: a }]`)).toMatchObject({
    node: { id: undefined, cluster: "default", service: "app", symbol: "stable", labels: {} },
    chain: [{ plugin: "a", mode: "enforce", tag: "", match: undefined, failurePolicy: undefined }],
    deadlines: { request: 200, response: 200 },
    services: {},
  });
});

test.each([
  ["chian: []", 'mesh.yaml: chian: unknown key, did you mean "chain"?'],
  ["chain: [{plugin: a, timout: 5ms}]", 'mesh.yaml: chain[0].timout: unknown key, did you mean "timeout"?'],
  ["chain: [{plugin: a, timeout: 50}]", "mesh.yaml: chain[0].timeout: expected a duration such as 50ms"],
  ["chain: [{plugin: a, timeout: 2m}]", "mesh.yaml: chain[0].timeout: expected between 1ms and 60s"],
  ["chain: [{plugin: a, memory: 1KiB}]", "mesh.yaml: chain[0].memory: expected between 8MiB and 1GiB"],
  ["chain: [{mode: enforce}]", "mesh.yaml: chain[0].plugin: missing"],
  ["chain: [{plugin: A_b}]", "mesh.yaml: chain[0].plugin: expected a DNS label"],
  ["chain: [{plugin: a, version: 1.0}]", "mesh.yaml: chain[0].version: expected a version in quotes"],
  [
    'chain: [{plugin: a, version: "1.0.0\\n"}]',
    "mesh.yaml: chain[0].version: expected a version such as 1.2.0",
  ],
  ["chain: [{plugin: a}, {plugin: a}]", "mesh.yaml: chain[1].plugin: a is chain[0] already"],
  ["chain: [{plugin: a, mode: on}]", "mesh.yaml: chain[0].mode: "],
  ["chain: [{plugin: a, failurePolicy: maybe}]", "mesh.yaml: chain[0].failurePolicy: "],
  ["chain: [{plugin: a, gray: {version: 2.0.0, percentage: 5}}]", "mesh.yaml: chain[0].version: missing"],
  [
    "chain: [{plugin: a, version: 2.0.0, gray: {version: 2.0.0, percentage: 5}}]",
    "mesh.yaml: chain[0].gray.version: expected another version",
  ],
  [
    "chain: [{plugin: a, version: 1.0.0, gray: {version: 2.0.0, percentage: 101}}]",
    "mesh.yaml: chain[0].gray.percentage: expected at most 100",
  ],
  [
    "chain: [{plugin: a, version: 1.0.0, gray: {version: 2.0.0, percentag: 5}}]",
    'mesh.yaml: chain[0].gray.percentag: unknown key, did you mean "percentage"?',
  ],
  ["chain: {plugin: a}", "mesh.yaml: chain: Invalid input: expected array"],
  ['chain: [{plugin: a, tag: "caf\\u00e9"}]', "mesh.yaml: chain[0].tag: expected printable ASCII"],
  [
    "services: {billing: 127.0.0.1:9}",
    "mesh.yaml: services.billing: expected a list such as [127.0.0.1:9001]",
  ],
  ["services: {billing: [billing]}", 'mesh.yaml: services.billing[0]: expected host:port, not "billing"'],
  ["services: {__proto__: [a:1]}", "mesh.yaml: services.__proto__: unknown key"],
  ['services: {"a b": ["a:1"]}', "mesh.yaml: services.a b: expected a host name"],
  ["deadlines: {respnse: 1s}", 'mesh.yaml: deadlines.respnse: unknown key, did you mean "response"?'],
  ["plugins: {folder: 3}", "mesh.yaml: plugins.folder: expected a folder or a list of them"],
  ["node: {id: 'a b'}", "mesh.yaml: node.id: expected letters, digits"],
  ["chain: [{plugin: a, config: {x: .inf}}]", "mesh.yaml: chain[0].config.x: expected a finite number"],
  ["app: 127.0.0.1:8080", "mesh.yaml: app: unknown key"],
])("%s is refused: %s", (text, expected) => {
  expect(problemsIn(HEAD + text)).toContain(expected);
});

test.each([
  ["{ path: /api }", "match.path: "],
  ["{ path: {} }", "match.path: expected exactly one of exact or prefix"],
  ["{ path: { exact: /a, prefix: /b } }", "match.path: expected exactly one of exact or prefix"],
  ["{ path: { prefix: api } }", "match.path.prefix: expected a path that begins with /"],
  ["{ path: { prefix: /a?b } }", "match.path.prefix: expected a path only"],
  ["{ path: { exact: /a/../b } }", "match.path.exact: expected no . or .. segments"],
  ["{ path: { exact: /a%20b } }", "match.path.exact: expected the characters themselves"],
  ["{ path: { exact: //a } }", "match.path.exact: expected single slashes"],
  ["{ path: { exact: '/a;b' } }", "match.path.exact: expected no parameters"],
  ["{ path: { regex: /a } }", "match.path.regex: unknown key"],
  ["{ method: GET }", "match.method: expected a list such as [GET, POST]"],
  ["{ method: [] }", "match.method: expected at least one method"],
  ["{ header: { x-a: b } }", "match.header.x-a: "],
  ["{ header: { x-a: { exact: 1 } } }", "match.header.x-a.exact: expected a text"],
  ["{ header: { x-a: { exact: a, present: true } } }", "match.header.x-a: expected exactly one of"],
  ["{ header: { 'x a': { exact: a } } }", "match.header.x a: expected "],
  ["{ percentage: 25% }", "match.percentage: expected a number from 0 to 100, without %"],
  ["{ percentage: 101 }", "match.percentage: expected at most 100"],
  ["{ percentage: 0.001 }", "match.percentage: expected at most two decimals"],
  ["{ bucketBy: { header: x } }", "match.bucketBy: has a meaning beside percentage or gray only"],
  ["{ percentage: 1, bucketBy: { header: x, cookie: y } }", "match.bucketBy: expected exactly one of"],
])("the match %s is refused: %s", (match, expected) => {
  expect(problemsIn(`${HEAD}chain: [{plugin: a, match: ${match}}]`)).toContain(
    `mesh.yaml: chain[0].${expected}`,
  );
});

test("every problem is named, not only the first", () => {
  const problems = problemsIn("kind: Mash\nchain: [{plugin: A, timeout: x}]\nfoo: 1");
  expect(problems.split("\n")).toHaveLength(5);
});

test("a path is compared as requests are: what is not ASCII, percent-encoded", () => {
  const text = `${HEAD}chain: [{plugin: a, match: {path: {prefix: "/café au lait"}}}]`;
  expect(parseSnapshot("m", text).chain[0]?.match?.path).toEqual({ prefix: "/caf%C3%A9%20au%20lait" });
});

test("fifty entries are the most", () => {
  const entries = Array.from({ length: 51 }, (_, index) => ({ plugin: `p${index}` }));
  const value = { apiVersion: "sluice/v1", kind: "Mesh", chain: entries };
  expect(() => checkSnapshot("m", value)).toThrow("chain: expected at most 50 entries");
});

test("a file that is too long is refused unread", () => {
  expect(problemsIn(`${HEAD}#${"x".repeat(MAX_SNAPSHOT_BYTES)}`)).toContain("is longer than");
});

test.each([
  ["a list inside itself", "chain: [{plugin: a, config: &c {x: *c}}]"],
  ["very many levels", `chain: [{plugin: a, config: ${"[".repeat(20_000)}${"]".repeat(20_000)}}]`],
  ["bytes", "chain: [{plugin: a, config: {x: !!binary aGk=}}]"],
  ["an unknown tag", "chain: !!js/function x"],
])("%s is a problem and not a crash", (_name, text) => {
  expect(problemsIn(HEAD + text)).toMatch(/^mesh\.yaml: /);
});

const FRAGMENTS =
  `chain: |- plugin: a|match:|  path:|{|}|[|]|: |\n|  |&a|*a|!!set|? |header|percentage: 5|'|"|>|-|#|\t|\0
|💥|__proto__|<<|1e999|0x`.split("|");

test("any text gives a snapshot or problems of this file", () => {
  const part = fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ unit: "binary", maxLength: 5 }));
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      expect(problemsIn(HEAD + parts.join(""))).toMatch(/^(none$|mesh\.yaml: )/);
    }),
    { numRuns: 500 },
  );
});

test("any value gives a snapshot or problems of its source", () => {
  const key = fc.constantFrom(
    "chain",
    "node",
    "services",
    "deadlines",
    "plugins",
    "sidecar",
    "x",
    "__proto__",
  );
  const member = fc.oneof(
    fc.jsonValue(),
    fc.array(fc.record({ plugin: fc.jsonValue(), match: fc.jsonValue(), config: fc.jsonValue() })),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(key, member)), (members) => {
      const value = { apiVersion: "sluice/v1", kind: "Mesh", ...Object.fromEntries(members) };
      expect(problemsOf(() => checkSnapshot("mesh.yaml", value))).toMatch(/^(none$|mesh\.yaml: )/);
    }),
    { numRuns: 500 },
  );
});
