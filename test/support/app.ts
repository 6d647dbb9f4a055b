import { fileURLToPath } from "node:url";

import { Child } from "./child.ts";

const APP = fileURLToPath(new URL("../processes/app.ts", import.meta.url));

/** The test app in a process of its own; it can be restarted on the same port with its connections open. */
export class TestApp implements AsyncDisposable {
  readonly port: number;
  #child: Child;

  private constructor(child: Child, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<TestApp> {
    const child = new Child(process.execPath, [APP]);
    const [, port] = await child.line(/^listening (\d+)$/);
    return new TestApp(child, Number(port));
  }

  /** Sends one server-sent event to whoever listens. */
  emit(text: string): void {
    this.#child.process.stdin?.write(`${text}\n`);
  }

  /** Ends the app whatever is open, and starts it again on its port. */
  async restart(): Promise<void> {
    await this.#child.end("SIGTERM");
    this.#child = new Child(process.execPath, [APP, String(this.port)]);
    await this.#child.line(/^listening/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}
