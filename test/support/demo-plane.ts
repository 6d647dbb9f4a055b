import { makeCluster, makeTokens, type DemoTokens } from "../../cli/demo/bootstrap.ts";
import { EditedPackages } from "../../cli/demo/edited-packages.ts";
import { EditReleases, EDIT_NOTE } from "../../cli/demo/edit-releases.ts";
import { DEMO } from "../../cli/demo/plan.ts";
import type { ApiAnswer } from "../../control-plane/api/contract/client-types.ts";
import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import { systemClock } from "../../core/clock.ts";
import { TestControlPlane } from "./control-plane.ts";
import { manifestText, scriptText } from "./plugin-packages.ts";
import { TemporaryFolder } from "./temporary-folder.ts";
import { TestNode } from "./test-node.ts";

type Release = ApiAnswer<"getRelease">["release"];

/** The demo's control plane with its people, and a folder for packages of the plugin `tagger`. */
export class DemoPlane implements AsyncDisposable {
  readonly dev: ApiClient;
  readonly ops: ApiClient;
  readonly folder: TemporaryFolder;
  /** What was told to whoever edits. */
  readonly said: string[] = [];
  readonly #nodeToken: string;
  readonly #push: number;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    plane: TestControlPlane,
    tokens: DemoTokens,
    folder: TemporaryFolder,
    stack: AsyncDisposableStack,
  ) {
    this.dev = plane.client(tokens.dev);
    this.ops = plane.client(tokens.ops);
    this.folder = folder;
    this.#nodeToken = tokens.node;
    this.#push = plane.ports.push;
    this.#stack = stack;
  }

  static async start(): Promise<DemoPlane> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await TemporaryFolder.create());
    const plane = stack.use(await TestControlPlane.start());
    await makeCluster(plane.admin);
    return new DemoPlane(plane, await makeTokens(plane.admin), folder, stack.move());
  }

  /** Packages of a demo that found these names in the folder when it began. */
  packages(...present: readonly string[]): EditedPackages {
    const { dev, ops } = this;
    const say = (text: string): unknown => this.said.push(text);
    return new EditedPackages({ dev, ops, say, present: new Set(present), onSources: () => {} });
  }

  releases(): EditReleases {
    const { dev, ops } = this;
    return this.#stack.use(
      new EditReleases({ dev, ops, clock: systemClock, say: (text) => this.said.push(text) }),
    );
  }

  /** The demo's node, which is connected and does what the test says. */
  async node(): Promise<TestNode> {
    const { cluster, service, node } = DEMO;
    const options = { token: this.#nodeToken, hello: { cluster, service } };
    const connected = this.#stack.use(TestNode.greet(this.#push, node, options));
    await connected.next("welcome");
    return connected;
  }

  /** Writes the package's folder; where it lies. */
  async write(version: string, mark = ""): Promise<string> {
    await this.folder.write("tagger/bin/plugin.js", scriptText(mark));
    await this.folder.write("tagger/plugin.yaml", manifestText({ version }));
    return this.folder.join("tagger");
  }

  /** The newest first, each as `VERSION STATE`. */
  async released(): Promise<readonly string[]> {
    const { items } = await this.dev.call("listReleases", { query: { cluster: DEMO.cluster } });
    return items.map(({ version, state }) => `${version} ${state}`);
  }

  /** One that waits for its approval. */
  async ask(version: string, note: string = EDIT_NOTE): Promise<Release> {
    const body = {
      cluster: DEMO.cluster,
      plugin: "tagger",
      version,
      target: { kind: "full" },
      note,
    } as const;
    return (await this.dev.call("createRelease", { body })).release;
  }

  async chain(): Promise<readonly string[]> {
    const { entries } = await this.dev.call("getChain", { params: { cluster: DEMO.cluster } });
    return entries.map(({ plugin }) => plugin);
  }

  async versions(plugin = "tagger"): Promise<readonly string[]> {
    const { items } = await this.dev.call("listVersions", { params: { plugin }, query: {} });
    return items.map(({ version }) => version).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}
