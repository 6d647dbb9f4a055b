import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder of a test's own; gone with everything in it when the test ends. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<TemporaryFolder> {
    return new TemporaryFolder(await realpath(await mkdtemp(join(tmpdir(), "sluice-"))));
  }

  /** The absolute path of something in it. */
  join(...parts: readonly string[]): string {
    return join(this.path, ...parts);
  }

  /** Writes a file, its folders included; returns its absolute path. */
  async write(path: string, content: string | Buffer, mode = 0o644): Promise<string> {
    const target = this.join(path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode });
    return target;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
