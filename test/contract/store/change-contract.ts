import { expect, test } from "vitest";

import type { Accepted } from "../../../control-plane/store/store.ts";
import { domainNamed, person } from "../../support/catalogue-records.ts";
import type { OpenStore } from "./store-contract.ts";

const dana = person("dana");

/** Transactions, ticks, audit and who hears of them. */
export function changeContract(open: OpenStore): void {
  test("200 concurrent changes take ticks without a gap, and audit has each once", async () => {
    await using opened = await open();
    const { store } = opened;
    const changes = Array.from({ length: 200 }, (_, index) =>
      store.change(person(`client-${index % 20}`), "domain.write", ({ domains }) =>
        domains.insert(domainNamed(`domain-${index}`)),
      ),
    );

    const ticks = (await Promise.all(changes)).map(({ tick }) => tick);

    expect(ticks.toSorted((left, right) => left - right)).toEqual(
      Array.from({ length: 200 }, (_, index) => index + 1),
    );
    const { items } = await store.read(({ audit }) => audit.list({}, { limit: 1_000 }));
    expect(items.map(({ tick, id }) => [tick, id])).toEqual(
      ticks.toSorted((a, b) => a - b).map((t) => [t, t]),
    );
    for (const { tick, changes } of items) expect(changes).toMatchObject([{ after: { revision: tick } }]);
  });

  test("what throws leaves nothing behind and takes no tick", async () => {
    await using opened = await open();
    const { store } = opened;
    const failed = store.change(dana, "domain.write", async ({ domains }) => {
      await domains.insert(domainNamed("pay"));
      throw new Error("changed my mind");
    });
    await expect(failed).rejects.toThrow("changed my mind");

    const { tick } = await store.change(dana, "domain.write", ({ domains }) =>
      domains.insert(domainNamed("shop")),
    );

    expect(tick).toBe(1);
    const { items } = await store.read(({ domains }) => domains.list({}, { limit: 10 }));
    expect(items.map(({ name }) => name)).toEqual(["shop"]);
    expect((await store.read(({ audit }) => audit.list({}, { limit: 10 }))).items).toHaveLength(1);
  });

  test("a write that was refused refuses the change, even where its error is caught", async () => {
    await using opened = await open();
    const { store } = opened;
    const stubborn = store.change(dana, "domain.write", async ({ domains }) => {
      await domains.insert(domainNamed("pay"));
      await domains.insert(domainNamed("pay")).catch(() => undefined);
    });

    await expect(stubborn).rejects.toMatchObject({ code: "conflict" });
    expect(await store.read(({ domains }) => domains.get("pay"))).toBeUndefined();
  });

  test("a change that writes nothing takes no tick and is not audited", async () => {
    await using opened = await open();
    const { store } = opened;
    await store.change(dana, "domain.write", ({ domains }) => domains.insert(domainNamed("pay")));

    const done = await store.change(dana, "domain.write", async ({ domains }) => domains.get("pay"));

    expect(done).toMatchObject({ tick: 1, result: { name: "pay" } });
    expect((await store.read(({ audit }) => audit.list({}, { limit: 10 }))).items).toHaveLength(1);
  });

  test("reads within a change see its writes, reads beside it do not", async () => {
    await using opened = await open();
    const { store } = opened;
    const written = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const change = store.change(dana, "domain.write", async ({ domains }) => {
      await domains.insert(domainNamed("pay"));
      written.resolve();
      await goOn.promise;
      return domains.get("pay");
    });

    await written.promise;
    expect(await store.read(async ({ domains, tick }) => [tick, await domains.get("pay")])).toEqual([
      0,
      undefined,
    ]);
    goOn.resolve();
    expect((await change).result).toMatchObject({ name: "pay" });
    expect(await store.read(async ({ tick }) => tick)).toBe(1);
  });

  test("audit tells who changed what from what to what, one entry a record", async () => {
    await using opened = await open();
    const { store, clock } = opened;
    await store.change(dana, "domain.write", ({ domains }) => domains.insert(domainNamed("pay")));
    clock.advance(1_000);
    await store.change({ kind: "system", name: "restore" }, "tidy", async ({ domains }) => {
      await domains.update({ ...domainNamed("pay"), description: "on the way" });
      await domains.update({ ...domainNamed("pay"), description: "there" });
      await domains.insert(domainNamed("brief"));
      await domains.delete("brief");
    });
    await store.change(dana, "domain.delete", ({ domains }) => domains.delete("pay"));

    const { items } = await store.read(({ audit }) => audit.list({ afterTick: 1 }, { limit: 10 }));

    const pay = { ...domainNamed("pay"), revision: 1 };
    const there = { ...domainNamed("pay"), description: "there", revision: 2 };
    expect(items).toEqual([
      {
        id: 2,
        tick: 2,
        at: clock.wall(),
        actor: "system/restore",
        tokenId: undefined,
        action: "tidy",
        outcome: "accepted",
        reason: "",
        changes: [{ kind: "domains", key: "pay", before: pay, after: there }],
      },
      expect.objectContaining({
        actor: "dana",
        tokenId: "token-of-dana",
        action: "domain.delete",
        changes: [{ kind: "domains", key: "pay", before: there, after: undefined }],
      }),
    ]);
  });

  test("a refused attempt is audited with the tick that was current, and takes none", async () => {
    await using opened = await open();
    const { store } = opened;
    await store.change(dana, "domain.write", ({ domains }) => domains.insert(domainNamed("pay")));
    const token = { kind: "tokens", key: "7" };
    await store.refused({ name: "mallory", tokenId: undefined }, "token.write", "no such right", token);
    const { tick } = await store.change(dana, "domain.write", ({ domains }) => domains.delete("pay"));

    expect(tick).toBe(2);
    const { items } = await store.read(({ audit }) => audit.list({ actor: "mallory" }, { limit: 10 }));
    expect(items).toMatchObject([
      {
        id: 2,
        tick: 1,
        outcome: "refused",
        reason: "no such right",
        changes: [],
        record: token,
      },
    ]);
  });

  test("listeners hear of changes after their commit, in the order of ticks, until they leave", async () => {
    await using opened = await open();
    const { store } = opened;
    const heard: Accepted[] = [];
    const seen: Promise<unknown>[] = [];
    const listening = store.onAccepted((accepted) => {
      heard.push(accepted);
      seen.push(store.read(async ({ tick }) => tick >= accepted.tick));
    });
    const names = Array.from({ length: 10 }, (_, index) => `domain-${index}`);
    await Promise.all(
      names.map((name) =>
        store.change(dana, "domain.write", ({ domains }) => domains.insert(domainNamed(name))),
      ),
    );
    await store.change(dana, "domain.write", async () => undefined);
    listening[Symbol.dispose]();
    await store.change(dana, "domain.write", ({ domains }) => domains.delete("domain-0"));

    expect(heard).toEqual(
      names.map((key, index) => ({
        tick: index + 1,
        action: "domain.write",
        records: [{ kind: "domains", key }],
      })),
    );
    expect(await Promise.all(seen)).toEqual(names.map(() => true));
  });

  test("calling the store within its own change or read is an error at once, not a wait for ever", async () => {
    await using opened = await open();
    const { store } = opened;
    const nested = store.change(dana, "domain.write", () => store.change(dana, "x", async () => undefined));
    await expect(nested).rejects.toThrow(/within its own/);
    const read = store.read(() => store.read(async () => undefined));
    await expect(read).rejects.toThrow(/within its own/);
  });

  test("numbers of releases count up from 1, and one of a change that failed is given again", async () => {
    await using opened = await open();
    const { store } = opened;
    const next = async (fail: boolean): Promise<number> => {
      const { result } = await store.change(dana, "release.create", async (change) => {
        const id = await change.nextReleaseId();
        await change.domains.insert(domainNamed(`domain-${id}`));
        if (fail) throw new Error("failed");
        return id;
      });
      return result;
    };

    expect(await next(false)).toBe(1);
    await expect(next(true)).rejects.toThrow("failed");
    expect(await next(false)).toBe(2);
  });

  test("a closed store finishes what was asked of it, and takes nothing new", async () => {
    await using opened = await open();
    const { store } = opened;
    const change = store.change(dana, "domain.write", ({ domains }) => domains.insert(domainNamed("pay")));
    const read = store.read(async ({ domains }) => domains.list({}, { limit: 1 }));
    await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);

    await expect(read).resolves.toMatchObject({ next: undefined });
    await expect(change).resolves.toMatchObject({ tick: 1 });
    await expect(store.read(async ({ tick }) => tick)).rejects.toMatchObject({ code: "unavailable" });
    await expect(store.change(dana, "x", async () => undefined)).rejects.toMatchObject({
      name: "StoreUnavailableError",
    });
  });
}
