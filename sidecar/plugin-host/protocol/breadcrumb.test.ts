import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

import { BreadcrumbWriter, readBreadcrumb } from "./breadcrumb.ts";

test("the breadcrumb names who has the CPU, and nobody when the host is idle", () => {
  using file = temporaryFile();
  const writer = new BreadcrumbWriter(file.descriptor);
  expect(readBreadcrumb(file.descriptor)).toEqual({ generation: 0, sequence: 0 });

  writer.enter(7);
  writer.enter(7);
  expect(readBreadcrumb(file.descriptor)).toEqual({ generation: 7, sequence: 1 });
  writer.enter(0xffff_fffe);
  expect(readBreadcrumb(file.descriptor)).toEqual({ generation: 0xffff_fffe, sequence: 2 });
  writer.idle();
  expect(readBreadcrumb(file.descriptor)).toEqual({ generation: 0, sequence: 3 });
});

function temporaryFile(): Disposable & { readonly descriptor: number } {
  const folder = mkdtempSync(join(tmpdir(), "sluice-breadcrumb-"));
  const descriptor = openSync(join(folder, "breadcrumb"), "w+");
  return {
    descriptor,
    [Symbol.dispose]: () => {
      closeSync(descriptor);
      rmSync(folder, { recursive: true });
    },
  };
}
