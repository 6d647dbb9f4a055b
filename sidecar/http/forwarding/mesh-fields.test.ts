import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { withoutMeshFields } from "./mesh-fields.ts";

test("X-Mesh fields in any case are taken out and the others stay as they came", () => {
  const headers = HeaderBlock.fromFlat([
    "A",
    "1",
    "x-mesh-path",
    "/forged",
    "X-MESH-Status",
    "200",
    "B",
    "2",
  ]);

  expect(withoutMeshFields(headers).toFlat()).toEqual(["A", "1", "B", "2"]);
});

test("a block without X-Mesh fields is handed back untouched", () => {
  const headers = HeaderBlock.fromFlat(["X-Mes", "1", "X-Meshed", "2", "X-M\u00ac", "3"]);

  expect(withoutMeshFields(headers)).toBe(headers);
});
