import { rename, rm, symlink, unlink, utimes, writeFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { systemClock } from "../../core/clock.ts";
import { describeProblem } from "../../core/errors.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { FileSource } from "./file-source.ts";

const textWith = (...plugins: readonly string[]): string =>
  `apiVersion: sluice/v1\nkind: Mesh\nchain: [${plugins.map((plugin) => `{plugin: ${plugin}}`).join()}]\n`;

/** A source that has read its file and watches it; `next` is the next thing that it tells. */
class WatchedFile implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly path: string;
  readonly source: FileSource;
  readonly #told: string[] = [];
  #wake: (() => void) | undefined;

  private constructor(folder: TemporaryFolder, name: string) {
    this.folder = folder;
    this.path = folder.join(name);
    this.source = new FileSource(this.path, systemClock);
  }

  static async start(prepare?: (folder: TemporaryFolder) => Promise<void>): Promise<WatchedFile> {
    const folder = await TemporaryFolder.create();
    await (prepare?.(folder) ?? folder.write("mesh.yaml", textWith("a")));
    const file = new WatchedFile(folder, "mesh.yaml");
    await file.source.read();
    file.source.watch({
      snapshot: ({ chain }) => file.#tell(`chain ${chain.map(({ plugin }) => plugin).join()}`),
      problems: (problems) => file.#tell(problems.map(describeProblem).join("\n")),
    });
    return file;
  }

  async next(): Promise<string> {
    while (this.#told.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#told.shift() ?? "";
  }

  #tell(what: string): void {
    this.#told.push(what);
    this.#wake?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

test("a file that is written in place is told", async () => {
  await using file = await WatchedFile.start();
  await writeFile(file.path, textWith("a", "b"));
  expect(await file.next()).toBe("chain a,b");
});

test("a file that takes the place of another is told, as editors save", async () => {
  await using file = await WatchedFile.start();
  for (const plugin of ["b", "c"]) {
    await file.folder.write("mesh.yaml~", textWith(plugin));
    await rename(file.folder.join("mesh.yaml~"), file.path);
    expect(await file.next()).toBe(`chain ${plugin}`);
  }
});

test("a link that is turned to another folder is told, as Kubernetes mounts config maps", async () => {
  await using file = await WatchedFile.start(async (folder) => {
    await folder.write("v1/mesh.yaml", textWith("a"));
    await folder.write("v2/mesh.yaml", textWith("b"));
    await symlink("v1", folder.join("..data"));
    await symlink("..data/mesh.yaml", folder.join("mesh.yaml"));
  });
  await symlink("v2", file.folder.join("..data_tmp"));
  await rename(file.folder.join("..data_tmp"), file.folder.join("..data"));
  expect(await file.next()).toBe("chain b");
});

test("what is wrong with a file is told with its name, and then what is right again", async () => {
  await using file = await WatchedFile.start();
  await writeFile(file.path, "chain: [");
  expect(await file.next()).toContain(`${file.path}: `);
  await writeFile(file.path, textWith("a"));
  expect(await file.next()).toBe("chain a");
});

test("a file that is removed is told once, and told again when it is back", async () => {
  await using file = await WatchedFile.start();
  await unlink(file.path);
  expect(await file.next()).toContain(`${file.path}: cannot be read: ENOENT`);
  await writeFile(file.path, textWith("b"));
  expect(await file.next()).toBe("chain b");
});

test("a new time with the old content is no change", async () => {
  await using file = await WatchedFile.start();
  await utimes(file.path, new Date(), new Date(0));
  await writeFile(file.path, textWith("a"));
  await writeFile(file.path, textWith("a", "b"));
  expect(await file.next()).toBe("chain a,b");
});

test("a change between the first reading and the watch is not lost", async () => {
  await using folder = await TemporaryFolder.create();
  const path = await folder.write("mesh.yaml", textWith("a"));
  await using source = new FileSource(path, systemClock);
  await source.read();
  await writeFile(path, textWith("b"));
  const chain = await new Promise<string | undefined>((resolve, reject) => {
    source.watch({ snapshot: (snapshot) => resolve(snapshot.chain[0]?.plugin), problems: reject });
  });
  expect(chain).toBe("b");
});

test("a folder that goes away and comes back is watched again", async () => {
  await using file = await WatchedFile.start();
  await rm(file.folder.path, { recursive: true });
  expect(await file.next()).toContain("cannot be read");
  await file.folder.write("mesh.yaml", textWith("b"));
  expect(await file.next()).toBe("chain b");
});

test.each([
  ["missing", async (): Promise<void> => {}, /cannot be read: ENOENT/],
  ["a folder", (folder: TemporaryFolder) => folder.write("mesh.yaml/x", ""), /is not a file/],
  ["huge", (folder: TemporaryFolder) => folder.write("mesh.yaml", "#".repeat(2 ** 20 + 1)), /is longer than/],
  [
    "no text",
    (folder: TemporaryFolder) => writeFile(folder.join("mesh.yaml"), "kind: \xff", "latin1"),
    /UTF-8/,
  ],
])("a file that is %s is a problem at the start", async (_name, prepare, message) => {
  await using folder = await TemporaryFolder.create();
  await prepare(folder);
  await using source = new FileSource(folder.join("mesh.yaml"), systemClock);
  await expect(source.read()).rejects.toThrow(message);
});
