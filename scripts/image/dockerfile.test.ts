import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { parseCommand, parseCopy, parseDockerfile } from "./dockerfile.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const STAGES = parseDockerfile(readFileSync(`${ROOT}Dockerfile`, "utf8"));
const LAST = STAGES.at(-1)?.instructions ?? [];

test("whatever the image copies and runs is there", () => {
  const copied = STAGES.flatMap(({ instructions }) => instructions.filter(({ name }) => name === "COPY"))
    .map(({ rest }) => parseCopy(rest))
    .filter(({ stage }) => stage === undefined)
    .flatMap(({ sources }) => sources);
  // What is run is built in the image.
  const run = LAST.filter(({ name }) => name === "HEALTHCHECK").map(({ rest }) =>
    (parseCommand(rest)[1] ?? "").replace(/\.js$/, ".ts"),
  );

  expect(copied.length).toBeGreaterThan(5);
  expect([...copied, ...run].filter((path) => !existsSync(ROOT + path))).toEqual([]);
});

test("it does not run as root and says how it is found alive", () => {
  expect(LAST.find(({ name }) => name === "USER")?.rest).toBe("node");
  expect(LAST.map(({ name }) => name)).toContain("HEALTHCHECK");
});

test("an instruction that the steps' script does not know is an error, not a step left out", () => {
  expect(() => parseDockerfile("FROM a\nARG b=c\n")).toThrow("ARG is not understood here");
});

test("stages, continued lines and copies are read", () => {
  const [first, second] = parseDockerfile(
    "FROM a AS build\nRUN b \\\n  && c\n# no\nFROM d\nCOPY --from=build /x y z/\n",
  );

  expect(first).toEqual({ name: "build", instructions: [{ name: "RUN", rest: "b    && c" }] });
  expect(parseCopy(second?.instructions[0]?.rest ?? "")).toEqual({
    stage: "build",
    sources: ["/x", "y"],
    target: "z/",
  });
});
