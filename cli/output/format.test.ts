import { expect, test } from "vitest";
import { parse } from "yaml";

import { format, serialised, type View } from "./format.ts";

interface Fruit {
  readonly name: string;
  readonly colour?: string;
}

const FRUIT: View<Fruit> = {
  kind: "fruit",
  name: ({ name }) => name,
  columns: [
    { heading: "NAME", value: ({ name }) => name },
    { heading: "COLOUR", value: ({ colour }) => colour ?? "", wide: true },
  ],
};
const ITEMS = [{ name: "apple", colour: "red" }, { name: "kiwi" }];

test("a table has the narrow columns, wide has them all, and nothing is a dash", () => {
  expect(format(FRUIT, ITEMS, "table", 0)).toBe("NAME\napple\nkiwi\n");
  expect(format(FRUIT, ITEMS, "wide", 0)).toBe("NAME    COLOUR\napple   red\nkiwi    -\n");
});

test("names are for scripts: one a line, with their kind", () => {
  expect(format(FRUIT, ITEMS, "name", 0)).toBe("fruit/apple\nfruit/kiwi\n");
});

test("json and yaml are what the API said", () => {
  expect(JSON.parse(format(FRUIT, ITEMS, "json", 0))).toEqual(ITEMS);
  expect(format(FRUIT, ITEMS, "yaml", 0)).toBe("- name: apple\n  colour: red\n- name: kiwi\n");
  expect(JSON.parse(serialised({ name: "kiwi" }, "json"))).toEqual({ name: "kiwi" });
});

test("yaml of what apply takes is documents, without the revision that would soon be an older one", () => {
  const documents = { ...FRUIT, document: "Fruit" };
  const items = [{ name: "apple", revision: 7 }, { name: "kiwi" }];

  expect(format(documents, items, "yaml", 0)).toBe(
    "apiVersion: sluice/v1\nkind: Fruit\nname: apple\n---\napiVersion: sluice/v1\nkind: Fruit\nname: kiwi\n",
  );
  expect(JSON.parse(format(documents, items, "json", 0))).toEqual(items);
});

test.for(["json", "yaml"] as const)(
  "what a terminal would obey is escaped in %s, and means the same",
  (as) => {
    const said = { error: "\u001b[2J \u009b2J \u202eabc \u200b\u061c \u{e0041}" };

    const text = serialised(said, as);

    expect(text).not.toMatch(/[\u001b\u007f-\u009f\u202e\u200b\u061c]|\udb40/);
    expect(parse(text)).toEqual(said);
  },
);
