/**
 * Statements that take a plugin host with them, or its thread, in spite of the isolate's limits: each was seen to
 * kill or hang the process that it ran in.
 */
export const HOST_KILLERS = {
  "an enormous array": "new Array(1e9).fill(0);",
  "BigInt squares": "let b = 12345678901234567890n; for (;;) b = b * b;",
  "split and join": "const t = 'ab'.repeat(128 * 1024 * 1024); for (;;) t.split('').join('');",
} as const satisfies Record<string, string>;

/** Statements that the isolate's own limits end; some of them may take the host along all the same. */
export const BOMBS = {
  "an endless loop": "for (;;);",
  "a catastrophic expression": "/^(a+)+$/.test('a'.repeat(40) + '!');",
  "deep recursion": "const f = () => f() + 1; for (;;) try { f(); } catch {}",
  "arrays of arrays": "const a = []; for (;;) a.push(new Array(1000).fill(1.5));",
  objects: "const a = []; for (let i = 0; ; i++) a.push({ i, next: a[i - 1] });",
  strings: "let s = 'x'; for (;;) { s += s; s.charCodeAt(s.length - 1); }",
  "typed arrays": "const a = []; for (;;) a.push(new Float64Array(1e6).fill(1));",
  "a Map": "const m = new Map(); for (let i = 0; ; i++) m.set(i, 'x'.repeat(100) + i);",
} as const satisfies Record<string, string>;
