/**
 * Statements that take a plugin host with them, or its thread, in spite of the isolate's limits: each was seen to
 * kill or hang the process that it ran in.
 */
export const HOST_KILLERS = {
  "an enormous array": "new Array(1e9).fill(0);",
  "BigInt squares": "let b = 12345678901234567890n; for (;;) b = b * b;",
  "split and join": "const t = 'ab'.repeat(128 * 1024 * 1024); for (;;) t.split('').join('');",
} as const satisfies Record<string, string>;

/** Statements that never give the CPU back; the promise chains go on after the function that holds them returned. */
export const LOOPS = {
  "an endless loop": "for (;;);",
  "a loop that catches everything": "for (;;) try { for (;;); } catch { } finally { }",
  "a catastrophic regular expression": `/^(a+)+$/.test("a".repeat(40) + "b");`,
  "an endless promise chain": "const next = () => Promise.resolve().then(next); next(); await_forever();",
  "an endless chain of awaits": "(async () => { for (;;) await null; })(); await_forever();",
  "an endless generator": "for (const x of (function* () { for (;;) yield 1; })());",
  "a sort that never ends": "let n = 0; for (;;) [3, 2, 1].sort(() => ++n % 3 - 1);",
  "a JSON bomb": `for (;;) JSON.parse("[" + "1,".repeat(1e5) + "1]");`,
} as const satisfies Record<string, string>;

/** Statements that the isolate's own limits end; some of them may take the host along all the same. */
export const BOMBS = {
  "an endless loop": LOOPS["an endless loop"],
  "a catastrophic regular expression": LOOPS["a catastrophic regular expression"],
  "deep recursion": "const f = () => f() + 1; for (;;) try { f(); } catch {}",
  "arrays of arrays": "const a = []; for (;;) a.push(new Array(1000).fill(1.5));",
  objects: "const a = []; for (let i = 0; ; i++) a.push({ i, next: a[i - 1] });",
  strings: "let s = 'x'; for (;;) { s += s; s.charCodeAt(s.length - 1); }",
  "typed arrays": "const a = []; for (;;) a.push(new Float64Array(1e6).fill(1));",
  "a Map": "const m = new Map(); for (let i = 0; ; i++) m.set(i, 'x'.repeat(100) + i);",
} as const satisfies Record<string, string>;

/** Statements of `execute` or a timer that are a nuisance, or an attempt, and are to be of no consequence to others. */
export const NUISANCES = {
  "an endless promise chain": "const next = () => Promise.resolve().then(next); return next();",
  "WebAssembly memory": "for (;;) new WebAssembly.Memory({ initial: 1000 });",
  "a host function in a loop": "for (;;) setTimeout(() => {}, 1000);",
  "a log flood": "for (;;) console.log('x'.repeat(1000));",
  "an answer of 10 MB": "return { httpCode: 403, body: 'x'.repeat(10 * 1024 * 1024) };",
  "illegal headers": "return { headerSet: { 'Content-Length': '1', 'bad name': 'a\\r\\nb' } };",
  "a way out": "return constructor.constructor('return process')().exit();",
} as const satisfies Record<string, string>;

/** A plugin that does no harm, beside those that do. */
export const NEIGHBOUR = `export default { execute: () => ({ headerSet: { "x-web-fine": "yes" } }) }`;
