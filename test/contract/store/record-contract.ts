import { expect, test } from "vitest";

import { domainNamed, person, tokenOf } from "../../support/catalogue-records.ts";
import type { OpenStore } from "./store-contract.ts";

const dana = person("dana");

/** One record: made, changed, deleted, each by whoever has seen it. */
export function recordContract(open: OpenStore): void {
  test("a record is read as it was written, with the tick of its change as its revision", async () => {
    await using opened = await open();
    const { store } = opened;
    const { tick, result } = await store.change(dana, "domain.write", ({ domains }) =>
      domains.insert(domainNamed("pay")),
    );

    expect(tick).toBe(1);
    expect(result).toEqual({ ...domainNamed("pay"), revision: 1 });
    expect(await store.read(({ domains }) => domains.get("pay"))).toEqual(result);
  });

  test("what is not there is undefined", async () => {
    await using opened = await open();
    const { store } = opened;

    expect(await store.read(({ domains }) => domains.get("pay"))).toBeUndefined();
    expect(
      await store.read(({ versions }) => versions.get({ plugin: "guard", version: "1.0.0" })),
    ).toBeUndefined();
  });

  test("a key that is taken is a conflict", async () => {
    await using opened = await open();
    const { store } = opened;
    await store.change(dana, "domain.write", ({ domains }) => domains.insert(domainNamed("pay")));

    const again = store.change(dana, "domain.write", ({ domains }) => domains.insert(domainNamed("pay")));

    await expect(again).rejects.toMatchObject({ name: "StoreConflictError", code: "conflict" });
  });

  test("a change by somebody who has not seen the last one is refused", async () => {
    await using opened = await open();
    const { store } = opened;
    await store.change(dana, "domain.write", ({ domains }) => domains.insert(domainNamed("pay")));
    await store.change(dana, "domain.write", ({ domains }) =>
      domains.update({ ...domainNamed("pay"), description: "second" }, 1),
    );

    const late = store.change(dana, "domain.write", ({ domains }) =>
      domains.update({ ...domainNamed("pay"), description: "late" }, 1),
    );
    await expect(late).rejects.toMatchObject({ name: "StoreConflictError", code: "revision_mismatch" });
    const lateDelete = store.change(dana, "domain.write", ({ domains }) => domains.delete("pay", 1));
    await expect(lateDelete).rejects.toMatchObject({ code: "revision_mismatch" });

    expect(await store.read(({ domains }) => domains.get("pay"))).toMatchObject({
      description: "second",
      revision: 2,
    });
  });

  test("changing or deleting what is gone is a conflict", async () => {
    await using opened = await open();
    const { store } = opened;

    const changed = store.change(dana, "domain.write", ({ domains }) => domains.update(domainNamed("pay")));
    await expect(changed).rejects.toMatchObject({ name: "StoreConflictError", code: "conflict" });
    const deleted = store.change(dana, "domain.write", ({ domains }) => domains.delete("pay"));
    await expect(deleted).rejects.toMatchObject({ name: "StoreConflictError", code: "conflict" });
  });

  test("texts of every kind come back as they were", async () => {
    await using opened = await open();
    const { store } = opened;
    const description = "'); drop table domains; -- \u0000 \ud83d\ude00 \u202e\n\"{}";
    await store.change(dana, "domain.write", ({ domains }) =>
      domains.insert({ ...domainNamed("pay"), description }),
    );

    expect(await store.read(({ domains }) => domains.get("pay"))).toMatchObject({ description });
  });

  test("a token is found by its hash, and audit does not show it", async () => {
    await using opened = await open();
    const { store } = opened;
    await store.change(dana, "token.write", ({ tokens }) => tokens.insert(tokenOf("ann")));

    const found = await store.read(({ tokens }) => tokens.list({ hash: "hash-of-ann" }, { limit: 1 }));
    expect(found.items).toMatchObject([{ id: "id-of-ann" }]);
    const audit = await store.read((view) => view.audit.list({}, { limit: 10 }));
    expect(JSON.stringify(audit)).toContain("id-of-ann");
    expect(JSON.stringify(audit)).not.toContain("hash-of-ann");
  });
}
