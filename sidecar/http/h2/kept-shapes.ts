/** The call that ended last. It leads to all that an exchange is made of, on both sides. */
const kept: unknown[] = [];

/**
 * V8 forgets the shape of objects of which none is left, and with it all compiled code that knows it. A collection that
 * finds no exchange under way, as one in an idle moment does, so cost some hundred functions their code, and the next
 * thousands of requests up to twice the time (docs/bench/wire.md). One exchange that is over is kept until the next is.
 */
export function keepShapesOf(call: object): void {
  kept[0] = call;
}
