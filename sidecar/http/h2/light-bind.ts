import { AsyncResource } from "node:async_hooks";

/**
 * node:http2 binds a function for each request with `AsyncResource.bind`, which defines the bound function's `length`
 * by descriptor: V8 makes a dictionary of the function for it, which took 6 to 9 % of all that a request costs
 * (docs/bench/wire.md). A function that takes no arguments, as node's there, has that length without being told; every
 * other one is bound as node does.
 */
const nodes = Reflect.get(AsyncResource.prototype, "bind") as Bind;

type Run = (this: unknown, ...values: unknown[]) => unknown;
type Bind = (this: AsyncResource, run: Run, receiver?: unknown) => Run;

const bind: Bind = function (run, receiver) {
  if (typeof run !== "function" || run.length > 0 || receiver !== undefined)
    return nodes.call(this, run, receiver);
  return boundTo(this, run);
};

function boundTo(resource: AsyncResource, run: Run): Run {
  return function bound(this: unknown, ...values) {
    return resource.runInAsyncScope(run, this, ...values);
  };
}

/** For the whole process, which notices nothing but the time; once is enough. */
export function bindLightly(): void {
  AsyncResource.prototype.bind = bind as AsyncResource["bind"];
}
