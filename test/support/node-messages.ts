import * as fc from "fast-check";

import { RESOURCE_TYPES, STAGE_STATES } from "../../control-plane/model/node.ts";
import { RESOURCE_WORDS } from "../../control-plane/push/resource-words.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import { bytesOf, helloOf } from "./test-node.ts";

const DIGEST = "a".repeat(64);

/** Words that make sense, words that make none, and words that somebody might trip over. */
const word = fc.oneof(
  fc.constantFrom("guard", "1.0.0", DIGEST, "node-1", "demo", "stable", ""),
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.constantFrom("__proto__", "constructor", "\u001b[2J", "a\nb", "\ud800", "\0", "a".repeat(5_000)),
);
const count = fc.oneof(fc.nat(3), fc.constantFrom(2 ** 31, 2 ** 32 - 1));
const large = fc.oneof(fc.nat(3), fc.constantFrom(2 ** 53, 2 ** 63));
const type = fc.constantFrom(
  "RESOURCE_TYPE_UNSPECIFIED" as const,
  ...RESOURCE_TYPES.map((each) => RESOURCE_WORDS[each]),
  99,
);
/** Mostly good enough to be taken, in part. */
const named = {
  plugin: word,
  version: fc.oneof(fc.constant("1.0.0"), word),
  digest: fc.oneof(fc.constantFrom(DIGEST, ""), word),
};
/** A few, or more than anybody has: then each of another plugin, if it is about one. */
const many = <Item extends object | string>(item: fc.Arbitrary<Item>): fc.Arbitrary<Item[]> => {
  const length = fc.constantFrom(600, 1_200);
  return fc.oneof(
    fc.array(item, { maxLength: 5 }),
    fc.tuple(item, length).map(([each, many]) => Array.from({ length: many }, (_, at) => numbered(each, at))),
  );
};

function numbered<Item extends object | string>(item: Item, at: number): Item {
  return typeof item === "object" && "plugin" in item
    ? { ...item, plugin: `${String(item.plugin)}${at}` }
    : item;
}

const hello = fc.record(
  {
    apiVersions: fc.constantFrom(["mesh.v1"], ["mesh.v9", "mesh.v1"], [], ["mesh.v9"]),
    node: fc.oneof({ weight: 9, arbitrary: fc.constant("node-1") }, { weight: 1, arbitrary: word }),
    cluster: fc.oneof({ weight: 9, arbitrary: fc.constant("demo") }, { weight: 1, arbitrary: word }),
    service: word,
    symbol: word,
    labels: fc.dictionary(word, word, { maxKeys: 70 }),
    version: word,
    platform: word,
    inForce: many(fc.record({ type, hash: word })),
    staged: many(fc.record(named)),
    incarnation: word,
  },
  { requiredKeys: [] },
);

const state = fc.constantFrom("STAGE_STATE_UNSPECIFIED" as const, ...STAGE_STATES, 77);
const pluginState = fc.constantFrom("RUNNING" as const, "FAILED", "ALIEN", "PLUGIN_STATE_UNSPECIFIED", 77);
const plugin = fc.record({ ...named, state: pluginState, error: word, generation: count });
const problem = fc.record({ key: word, message: word, plugin: word });

/** What a node can say after its Hello, well-formed, whether or not it means anything. */
const saying = fc.oneof(
  fc.record({ ack: fc.record({ type, nonce: word, hash: word }) }),
  fc.record({ nack: fc.record({ type, nonce: word, hash: word, problems: many(problem) }) }),
  fc.record({ stage: fc.record({ ...named, state, detail: word, attempts: count }) }),
  fc.record({
    status: fc.record({
      sequence: large,
      kind: fc.constantFrom("HEARTBEAT" as const, "INVENTORY", 55),
      complete: fc.boolean(),
      plugins: many(plugin),
      inFlight: count,
      exchanges: large,
    }),
  }),
  fc.record({
    log: fc.record({ id: count, lines: many(word), end: fc.boolean(), problem: word, dropped: count }),
  }),
  fc.constant({}),
);
/** Ends the stream, so now and then only. */
const secondHello = fc.record({ hello });

/** A Hello, perhaps a strange one, and what comes behind it. */
export const conversation: fc.Arbitrary<readonly NodeMessage[]> = fc
  .tuple(
    fc
      .oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: hello })
      .map((more) => ({ hello: { ...helloOf("node-1"), ...more } }) as NodeMessage),
    fc.array(fc.oneof({ weight: 20, arbitrary: saying }, { weight: 1, arbitrary: secondHello }), {
      maxLength: 8,
    }),
  )
  .map(([first, rest]) => [first, ...rest] as readonly NodeMessage[]);

/** Says that it runs more plugins than anybody has. */
export const boundless: readonly NodeMessage[] = [
  { hello: helloOf("node-1") },
  {
    status: {
      sequence: 1,
      kind: "INVENTORY",
      complete: true,
      plugins: Array.from({ length: 1_200 }, (_, at) =>
        numbered({ plugin: "guard", version: "1.0.0", digest: DIGEST, state: "RUNNING" as const }, at),
      ),
    },
  },
];

/** Bytes of a conversation, some of its messages damaged. */
export const damagedConversation: fc.Arbitrary<readonly Buffer[]> = fc
  .tuple(conversation, fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }))
  .map(([messages, damages]) => {
    const bytes = messages.map((message) => Buffer.from(bytesOf(message)));
    for (const [which, where, what] of damages) damage(bytes, which, where, what);
    return bytes;
  });

/** One byte is another one, is gone with all that follow, or comes twice. */
function damage(messages: Buffer[], which: number, where: number, what: number): void {
  const index = which % messages.length;
  const bytes = messages[index] ?? Buffer.alloc(0);
  const at = bytes.length === 0 ? 0 : where % bytes.length;
  if (what % 3 === 0) messages[index] = bytes.subarray(0, at);
  else if (what % 3 === 1) messages[index] = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at >> 1)]);
  else bytes[at] = what;
}
