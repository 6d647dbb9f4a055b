import { readdir } from "node:fs/promises";

import { expect, test } from "vitest";

import { ScarceDescriptors } from "../../test/support/descriptor-limit.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { checkPackage } from "./check-package.ts";

test("a package that cannot be checked for want of descriptors is not refused: it is to be sent again", async () => {
  await using folder = await TemporaryFolder.create();
  const check = () => checkPackage(folder.path, "tagger", pluginZip());
  {
    // Enough for files, too few for a process.
    using _scarce = new ScarceDescriptors(5);
    await expect(check()).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/could not be checked: the parser of scripts cannot be started: EMFILE/),
    });
  }
  expect(await readdir(folder.path)).toEqual([]);

  expect(await check()).toMatchObject({ manifest: { name: "tagger" } });
});
