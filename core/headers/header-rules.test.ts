import { expect, test } from "vitest";

import { HeaderBlock } from "./header-block.ts";
import { refusedEdit, withoutMeshFields } from "./header-rules.ts";

test.each([
  "Host",
  "content-length",
  "Transfer-Encoding",
  "CONNECTION",
  "Keep-Alive",
  "Proxy-Connection",
  "TE",
  "Trailer",
  "Upgrade",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Expect",
])("a plugin may not set or delete %s", (name) => {
  expect(refusedEdit([{ name, values: ["x"] }])).toMatchObject({ fault: "protected_name", name });
  expect(refusedEdit([{ name, values: [] }])).toMatchObject({ fault: "protected_name", name });
});

test.each([
  ["mesh_name", "X-Mesh-Path", "x"],
  ["mesh_name", "x-mesh-", "x"],
  ["mesh_name", "x_mesh_symbol", "x"],
  ["mesh_name", "X-Mesh_Symbol", "x"],
  ["illegal_name", "", "x"],
  ["illegal_name", ":path", "x"],
  ["illegal_name", "x y", "x"],
  ["illegal_name", "x:", "x"],
  ["illegal_name", "x\r\ny", "x"],
  ["illegal_value", "x-a", "a\r\nx-b: c"],
  ["illegal_value", "x-a", "a\u0000"],
  ["illegal_value", "x-a", "\u20ac"],
] as const)("%s is the fault of %j: %j", (fault, name, value) => {
  expect(refusedEdit([{ name, values: ["fine", value] }])).toMatchObject({ fault });
});

test("the first bad edit is named, in a text that cannot forge a line of a log", () => {
  const refusal = refusedEdit([
    { name: "X-WEB-A", values: ["1"] },
    { name: "x\nlevel=info", values: ["1"] },
    { name: "Host", values: ["1"] },
  ]);

  expect(refusal?.name).toBe("x\\nlevel=info");
  expect(refusal?.message).toMatch(/^header "x\\nlevel=info" is no header name/);
});

test("ordinary edits pass, empty values, latin1 and names that only resemble protected ones among them", () => {
  const refusal = refusedEdit([
    { name: "X-WEB-User", values: ["", "caf\u00e9", " padded "] },
    { name: "Set-Cookie", values: [] },
    { name: "x-mesh", values: ["1"] },
    { name: "hosts", values: ["1"] },
  ]);

  expect(refusal).toBeUndefined();
});

test("X-Mesh-* that somebody else wrote is stripped, whatever its case and with underscores", () => {
  const headers = HeaderBlock.fromFlat(["a", "1", "X-Mesh-Path", "/", "b", "2", "x_Mesh-error", "none"]);

  expect(withoutMeshFields(headers).toFlat()).toEqual(["a", "1", "b", "2"]);
});

test("a block without X-Mesh-* comes back as it is", () => {
  const headers = HeaderBlock.fromFlat(["x-mes", "1"]);

  expect(withoutMeshFields(headers)).toBe(headers);
});
