import * as fc from "fast-check";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { HeaderEdits } from "../../../core/headers/header-edits.ts";
import { RemoteAddressRule } from "../remote-address.ts";
import { TrustedNetworks } from "../trusted-networks.ts";
import { outgoingFields } from "./outgoing-fields.ts";

const RULE = new RemoteAddressRule(new TrustedNetworks([]));
const FROM = { peer: "192.0.2.1", authority: "app.example" };

/** All fields as they leave, without regard to order. */
function leaving(flat: readonly string[], edits: HeaderEdits): Record<string, string[]> {
  const { headers, added } = outgoingFields(HeaderBlock.fromFlat(flat), edits, RULE, FROM);
  const all = headers.toFlat().concat(added.flat);
  const byName: Record<string, string[]> = {};
  for (let at = 0; at < all.length; at += 2)
    (byName[(all[at] ?? "").toLowerCase()] ??= []).push(all[at + 1] ?? "");
  return byName;
}

test("a request that says nothing of forwarding is told of its client behind its own fields", () => {
  const { headers, added } = outgoingFields(HeaderBlock.fromFlat(["Accept", "*/*"]), [], RULE, FROM);

  expect(headers.toFlat()).toEqual(["Accept", "*/*"]);
  expect(added.lines).toBe(
    "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: app.example\r\n",
  );
});

test("what a client calls hop-by-hop is still said of it, and never left open", () => {
  const flat = ["Connection", "x-forwarded-for, x-forwarded-proto", "X-Forwarded-For", "198.51.100.7"];

  expect(leaving([...flat, "X-Forwarded-Proto", "https"], [])).toEqual({
    "x-forwarded-for": ["198.51.100.7, 192.0.2.1"],
    "x-forwarded-proto": ["https"],
    "x-forwarded-host": ["app.example"],
  });
});

test("what a plugin says of forwarding stands, whatever the client said", () => {
  const edits = [
    { name: "x-forwarded-FOR", values: ["198.51.100.7"] },
    { name: "X-Forwarded-Proto", values: [] },
  ];

  for (const flat of [[], ["X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "https"]])
    expect(leaving(flat, edits)).toEqual({
      "x-forwarded-for": ["198.51.100.7"],
      "x-forwarded-host": ["app.example"],
    });
});

test("what plugins add is put behind them, made once for all requests that are told the same", () => {
  const edits = [{ name: "X-Web-User", values: ["ada", "eve"] }];
  const head = HeaderBlock.fromFlat(["Accept", "*/*"]);

  const { headers, added } = outgoingFields(head, edits, RULE, FROM);

  expect(headers).toBe(head);
  expect(added.lines).toMatch(/X-Forwarded-Host: app\.example\r\nX-Web-User: ada\r\nX-Web-User: eve\r\n$/);
  expect(added.flat.slice(-4)).toEqual(["x-web-user", "ada", "x-web-user", "eve"]);
  expect(outgoingFields(HeaderBlock.empty, edits, RULE, FROM).added).toBe(added);
  const others = [{ name: "X-Web-User", values: ["eve"] }];
  expect(outgoingFields(head, others, RULE, FROM).added.lines).not.toContain("ada");
});

test("what a plugin says of what the wire writes itself goes where the wire leaves it out", () => {
  const { headers, added } = outgoingFields(
    HeaderBlock.empty,
    [{ name: "Content-Length", values: ["7"] }],
    RULE,
    FROM,
  );

  expect(headers.toFlat()).toEqual(["Content-Length", "7"]);
  expect(added.lines).not.toContain("7\r\n");
});

const NAMES = ["X-Forwarded-For", "x-forwarded-host", "X-FORWARDED-PROTO", "X-Forwarded", "X-Other"];
const name = fc.constantFrom(...NAMES);
const heads = fc.array(fc.tuple(name, fc.constantFrom("a", "b")), { maxLength: 4 });
const changes = fc.uniqueArray(fc.record({ name, values: fc.constantFrom([], ["edited"]) }), {
  selector: ({ name: edited }) => edited,
});

test("no forwarding field is ever there twice, and what was edited is what leaves", () => {
  fc.assert(
    fc.property(heads, changes, (head, edits) => {
      const fields = leaving(head.flat(), edits);

      for (const one of ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]) {
        const edit = edits.find((each) => each.name.toLowerCase() === one);
        if (edit === undefined) expect(fields[one]?.length).toBeGreaterThan(0);
        else expect(fields[one] ?? []).toEqual(edit.values);
      }
      expect(fields["x-forwarded-for"]?.length ?? 1).toBe(1);
    }),
  );
});
