import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { bindLightly } from "./light-bind.ts";

const nodes = Object.getOwnPropertyDescriptor(AsyncResource.prototype, "bind");

function sum(this: unknown, ...values: number[]): unknown {
  return [this, values.reduce((total, value) => total + value, 0)];
}

describe("functions bound to an async resource", () => {
  beforeAll(bindLightly);
  afterAll(() => void Object.defineProperty(AsyncResource.prototype, "bind", nodes ?? {}));

  it("get receiver and arguments, and give back the result", () => {
    const bound = new AsyncResource("test").bind(sum);
    expect(bound.call("receiver", 1, 2, 3)).toEqual(["receiver", 6]);
  });

  it("run in the context in which the resource was made", () => {
    const storage = new AsyncLocalStorage<string>();
    const resource = storage.run("inside", () => new AsyncResource("test"));
    expect(
      storage.run(
        "outside",
        resource.bind(() => storage.getStore()),
      ),
    ).toBe("inside");
  });

  it("have the length of the function", () => {
    const resource = new AsyncResource("test");
    expect(resource.bind(() => {}).length).toBe(0);
    expect(resource.bind((_one: number, _two: number) => {}).length).toBe(2);
  });

  it("are refused where they are no functions", () => {
    expect(() => new AsyncResource("test").bind("text" as never)).toThrow(TypeError);
  });

  it("are those of node:http2, whose function takes no arguments", async () => {
    await using server = createServer((_request, response) => void response.end());
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const lengths: number[] = [];
    const lightly = Object.getOwnPropertyDescriptor(AsyncResource.prototype, "bind")?.value;
    AsyncResource.prototype.bind = function (this: AsyncResource, run: () => unknown) {
      lengths.push(run.length);
      return lightly.call(this, run);
    } as AsyncResource["bind"];
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stream = session.request([":path", "/"]);
    await new Promise((resolve) => void stream.resume().on("close", resolve));
    bindLightly();
    session.destroy();
    expect(lengths).toEqual([0]);
  });
});
