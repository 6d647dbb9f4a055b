import { TestApp } from "./app.ts";
import { ControlledSidecar } from "./controlled-sidecar.ts";
import { ScriptedControlPlane, type ControlPlaneOptions } from "./scripted-control-plane.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

/** An app, a control plane that a test scripts, and the lives of a sidecar that both lead to. */
export class ControlMesh implements AsyncDisposable {
  readonly state: TemporaryFolder;
  readonly plane: ScriptedControlPlane;
  readonly #stack: AsyncDisposableStack;
  readonly #app: TestApp;
  readonly #settings: Readonly<Record<string, string>>;

  private constructor(
    stack: AsyncDisposableStack,
    parts: { readonly state: TemporaryFolder; readonly plane: ScriptedControlPlane; readonly app: TestApp },
    settings: Readonly<Record<string, string>>,
  ) {
    this.#stack = stack;
    this.state = parts.state;
    this.plane = parts.plane;
    this.#app = parts.app;
    this.#settings = settings;
  }

  static async create(
    options: ControlPlaneOptions = {},
    settings: Readonly<Record<string, string>> = {},
  ): Promise<ControlMesh> {
    const stack = new AsyncDisposableStack();
    const state = stack.use(await TemporaryFolder.create());
    const app = stack.use(await TestApp.start());
    const plane = stack.use(await ScriptedControlPlane.start(options));
    return new ControlMesh(stack, { state, plane, app }, settings);
  }

  /** The next life of the sidecar, with the state of those before it. */
  start(): ControlledSidecar {
    return this.#stack.use(new ControlledSidecar(this.plane, this.state, this.#app.port, this.#settings));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** The content of a `chain`. */
export function chainOf(...entries: readonly Readonly<Record<string, unknown>>[]): object {
  return { entries, deadlines: { request: "200ms", response: "200ms" } };
}
