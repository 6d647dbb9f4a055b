import { Readable } from "node:stream";

import { calledCommand, type CalledCommand, type CommandPlace } from "./called-command.ts";
import { TestControlPlane, type TestControlPlaneOptions } from "./control-plane.ts";
import { pluginZip } from "./plugin-packages.ts";

/** A control plane with plugin tagger 1.0.0, and the command as its admin. */
export class CommandedMesh implements AsyncDisposable {
  readonly plane: TestControlPlane;
  /** Its admin's. */
  readonly token: string;

  private constructor(plane: TestControlPlane, token: string) {
    this.plane = plane;
    this.token = token;
  }

  static async start(options: TestControlPlaneOptions = {}): Promise<CommandedMesh> {
    const plane = await (await TestControlPlane.start(options)).withClusters();
    const body = { name: "tagger", domain: "shop", description: "", owners: [] };
    await plane.admin.call("putPlugin", { params: { plugin: "tagger" }, body });
    const zip = pluginZip();
    const file = { name: "tagger.zip", size: zip.length, bytes: Readable.from([zip]) };
    await plane.admin.upload({ plugin: "tagger", note: "" }, file);
    return new CommandedMesh(plane, await plane.token("admin"));
  }

  /** As its admin. */
  sluice(...args: readonly string[]): Promise<CalledCommand> {
    return calledCommand(this.place(this.token), ...args);
  }

  /** As whoever has the token. */
  place(token: string): CommandPlace {
    const { baseUrl, folder } = this.plane;
    return { server: baseUrl, token, directory: folder.path };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plane[Symbol.asyncDispose]();
  }
}
