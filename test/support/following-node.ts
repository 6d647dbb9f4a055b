import { systemClock, type Timer } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import type { ChainContent, StageContent } from "../../control-plane/snapshot/node-snapshot.ts";
import type { ControlMessage__Output } from "../../proto/gen/mesh/v1/ControlMessage.ts";
import type { Hello } from "../../proto/gen/mesh/v1/Hello.ts";
import type { PluginReport } from "../../proto/gen/mesh/v1/PluginReport.ts";
import type { Resource__Output } from "../../proto/gen/mesh/v1/Resource.ts";
import { ControlLink } from "../../sidecar/control/control-link.ts";
import type { ControlSession } from "../../sidecar/control/control-session.ts";
import { helloOf } from "./test-node.ts";

type Type = Resource__Output["type"];
type Package = StageContent["packages"][number];

export interface FollowingNodeOptions {
  readonly id: string;
  readonly token: string;
  /** Of the push port. */
  readonly port: number;
  /** Of the jitter of its reconnects, 0 to 1. */
  readonly random: () => number;
  /** Where it stands. Default: service `shop` in `demo`. */
  readonly place?: Pick<Hello, "cluster" | "service">;
  /** ms. Default: 500. */
  readonly heartbeat?: number;
}

const HEARTBEAT = 500;
const NO_FILES = { ca: "", cert: "", key: "", tokenFile: "", tls: false } as const;

/**
 * A node with the sidecar's own link to the control plane, that takes everything at once, and has put down what no
 * control plane may send: a chain or a stage that takes away what the node runs.
 */
export class FollowingNode implements AsyncDisposable {
  readonly id: string;
  readonly losses: string[] = [];
  /** Welcomes so far. */
  connections = 0;
  readonly #link: ControlLink;
  readonly #heartbeats: Timer;
  readonly #place: Pick<Hello, "cluster" | "service">;
  readonly #inForce = new Map<Type, string>();
  readonly #received = new Map<Type, unknown>();
  #session: ControlSession | undefined;
  #sequence = 0;
  #packages: readonly Package[] = [];
  #chain: readonly (readonly [plugin: string, version: string])[] = [];
  /** `plugin@version` of those that a part of the traffic runs beside it. */
  #gray: readonly string[] = [];

  constructor({ id, token, port, random, place = {}, heartbeat = HEARTBEAT }: FollowingNodeOptions) {
    this.id = id;
    this.#place = place;
    this.#link = new ControlLink({
      target: `127.0.0.1:${port}`,
      credentials: { ...NO_FILES, token },
      hello: () => this.#hello(),
      events: (session) => ({
        welcome: () => this.#welcome(session),
        message: (message) => this.#take(session, message),
      }),
      clock: systemClock,
      log: createLogger("silent"),
      random,
    });
    this.#heartbeats = systemClock.every(heartbeat, () => this.#report(false));
  }

  /** `plugin@version` of its chain. */
  get running(): readonly string[] {
    return this.#chain.map(([plugin, version]) => `${plugin}@${version}`);
  }

  /** What came last of this type, as it came. */
  received(type: Type): unknown {
    return this.#received.get(type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#heartbeats[Symbol.dispose]();
    await this.#link[Symbol.asyncDispose]();
  }

  #hello(): Hello {
    return {
      ...helloOf(this.id),
      ...this.#place,
      inForce: [...this.#inForce].map(([type, hash]) => ({ type, hash })),
      staged: this.#packages.map(({ plugin, version, digest }) => ({ plugin, version, digest })),
    };
  }

  #welcome(session: ControlSession): void {
    this.connections++;
    this.#session = session;
    this.#sequence = 0;
    this.#report(true);
  }

  #take(session: ControlSession, { resource }: ControlMessage__Output): void {
    if (!resource) return;
    const { type, nonce, hash, content } = resource;
    const received: unknown = JSON.parse(String(content));
    this.#received.set(type, received);
    if (type === "STAGE") this.#stage(session, received as StageContent);
    if (type === "CHAIN") this.#swap(received as ChainContent);
    this.#inForce.set(type, hash);
    session.send({ ack: { type, nonce, hash } });
    this.#report(true);
  }

  #stage(session: ControlSession, { packages }: StageContent): void {
    const named = new Set(packages.map(({ plugin, version }) => `${plugin}@${version}`));
    for (const each of [...this.running, ...this.#gray])
      if (!named.has(each)) this.losses.push(`${this.id}: a stage without ${each}, which its chain names`);
    this.#packages = packages;
    for (const { plugin, version, digest } of packages)
      session.send({ stage: { plugin, version, digest, state: "LOADABLE" } });
  }

  #swap({ entries }: ChainContent): void {
    const chain = entries.map(({ plugin, version }) => [String(plugin), String(version)] as const);
    this.#gray = entries.flatMap(({ plugin, gray }) =>
      gray === undefined ? [] : [`${String(plugin)}@${(gray as { readonly version: string }).version}`],
    );
    for (const [plugin] of this.#chain)
      if (!chain.some(([other]) => other === plugin))
        this.losses.push(`${this.id}: a chain without ${plugin}`);
    for (const [plugin, version] of chain)
      if (!this.#packages.some((each) => each.plugin === plugin && each.version === version))
        this.losses.push(`${this.id}: a chain with ${plugin}@${version}, which it does not hold`);
    this.#chain = chain;
  }

  #report(complete: boolean): void {
    const plugins = complete ? this.#packages.map((each) => this.#stateOf(each)) : [];
    this.#session?.send({ status: { sequence: ++this.#sequence, kind: "HEARTBEAT", complete, plugins } });
  }

  #stateOf({ plugin, version, digest }: Package): PluginReport {
    const runs = [...this.running, ...this.#gray].includes(`${plugin}@${version}`);
    return { plugin, version, digest, state: runs ? "RUNNING" : "INSTALLED" };
  }
}
