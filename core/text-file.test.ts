import { execFile } from "node:child_process";
import { symlink, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import { TemporaryFolder } from "../test/support/temporary-folder.ts";
import { readTextFile } from "./text-file.ts";

test("a text is read as far as it may be long, through links, without its byte order mark", async () => {
  await using folder = await TemporaryFolder.create();
  const path = await folder.write("a.yaml", "\u{feff}grün");
  await symlink("a.yaml", folder.join("link.yaml"));

  expect(await readTextFile(path, 8)).toBe("grün");
  expect(await readTextFile(folder.join("link.yaml"), 8)).toBe("grün");
});

test.for([
  ["longer than allowed", (path: string) => writeFile(path, "12345"), "is longer than 4 bytes"],
  ["no UTF-8", (path: string) => writeFile(path, Buffer.from([97, 0xff])), "is not valid UTF-8"],
  ["a pipe that nobody writes to", (path: string) => promisify(execFile)("mkfifo", [path]), "is not a file"],
  ["a device without an end", (path: string) => symlink("/dev/zero", path), "is not a file"],
  ["a folder", (path: string) => symlink(".", path), "is not a file"],
  ["missing", async (): Promise<void> => {}, "ENOENT: no such file or directory"],
] as const)("a file that is %s is refused", async ([, make, reason]) => {
  await using folder = await TemporaryFolder.create();
  const path = folder.join("a.yaml");
  await make(path);

  await expect(readTextFile(path, 4)).rejects.toThrow(reason);
});
