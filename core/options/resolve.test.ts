import { expect, test } from "vitest";

import { InputError } from "../errors.ts";
import { PARENT_PIPE } from "../parent-pipe.ts";
import { address, choice, duration, fraction, integer, list, size, text, toggle } from "./kinds.ts";
import { resolveOptions, type OptionSources } from "./resolve.ts";

const TABLE = {
  listen: address({ default: { host: "127.0.0.1", port: 80 }, meaning: "…" }),
  headTimeout: duration({ default: 1_000, min: 100, max: 10_000, meaning: "…" }),
  headBytes: size({ default: 1024, min: 256, max: 4096, meaning: "…" }),
  streams: integer({ default: 3, min: 1, max: 9, meaning: "…" }),
  sample: fraction({ default: 1, meaning: "…" }),
  quiet: toggle({ default: false, meaning: "…" }),
  mode: choice(["open", "closed"], { default: "open", meaning: "…" }),
  proxies: list("names", (name) => (name === "bad" ? "is bad" : undefined), { default: [], meaning: "…" }),
  config: text({ default: "", inFile: false, meaning: "…" }),
};

function file(section: unknown): OptionSources {
  return { file: { where: "mesh.yaml", key: "sidecar", section } };
}

function problemsOf(sources: OptionSources): readonly string[] {
  try {
    resolveOptions(TABLE, sources);
  } catch (error) {
    if (error instanceof InputError) return error.message.split("\n");
    throw error;
  }
  return [];
}

test("a flag wins over the environment, the environment over the file, the file over the default", () => {
  const section = { streams: 4, headTimeout: "2s", headBytes: "512B" };
  const environment = { SLUICE_STREAMS: "5", SLUICE_HEAD_TIMEOUT: "3s" };

  const { values, origins } = resolveOptions(TABLE, {
    ...file(section),
    environment,
    flags: { streams: "6" },
  });

  expect(values).toMatchObject({ streams: 6, headTimeout: 3_000, headBytes: 512, mode: "open" });
  expect(origins).toMatchObject({
    streams: "flag",
    headTimeout: "environment",
    headBytes: "file",
    mode: "default",
  });
});

test("a file may say numbers, booleans and lists as YAML reads them", () => {
  const section = {
    streams: 4,
    quiet: true,
    sample: 0.5,
    headBytes: "512B",
    headTimeout: "0ms",
    proxies: ["a", "b"],
  };

  const problems = problemsOf(file(section));
  const { values } = resolveOptions(TABLE, file({ ...section, headTimeout: "1s" }));

  expect(problems).toEqual(["mesh.yaml: sidecar.headTimeout: 0ms is out of range, expected 100ms to 10s"]);
  expect(values).toMatchObject({ streams: 4, quiet: true, sample: 0.5, headBytes: 512, proxies: ["a", "b"] });
});

test("every problem is told at once, each with where it stands", () => {
  const problems = problemsOf({
    ...file({ listen: "nowhere", hedBytes: 1, config: "x", proxies: ["good", "bad"] }),
    environment: { SLUICE_QUIET: "yes" },
    flags: { mode: "opne", streams: "1e3" },
  });

  expect(problems).toEqual([
    'mesh.yaml: sidecar.hedBytes: unknown key, did you mean "headBytes"?',
    "mesh.yaml: sidecar.config: unknown key",
    'mesh.yaml: sidecar.listen: expected an address such as 127.0.0.1:15101, not "nowhere"',
    '--streams: expected a whole number, not "1e3"',
    'SLUICE_QUIET: expected true or false, not "yes"',
    '--mode: expected one of open, closed, not "opne", did you mean "open"?',
    'mesh.yaml: sidecar.proxies: "bad": is bad',
  ]);
});

test("a section that holds no settings by name is refused, an absent one is not", () => {
  expect(problemsOf(file(["listen"]))).toEqual(["mesh.yaml: sidecar: expected settings by name"]);
  expect(problemsOf(file(undefined))).toEqual([]);
  expect(problemsOf(file(null))).toEqual([]);
});

test("what a parent tells its children is taken for no setting", () => {
  expect(resolveOptions(TABLE, { environment: { [PARENT_PIPE]: "1" } }).warnings).toEqual([]);
});

test("an unknown variable warns with the name that was meant, and a stranger's is not looked at", () => {
  const environment = { SLUICE_STREAM: "4", SLUICE_SERVICE_HOST: "10.0.0.1", PATH: "/bin", SLUICE_MODE: "" };

  const { warnings, values } = resolveOptions(TABLE, { environment });

  expect(warnings).toEqual([
    'SLUICE_STREAM is not a setting and has no effect, did you mean "SLUICE_STREAMS"?',
    "SLUICE_SERVICE_HOST is not a setting and has no effect",
  ]);
  expect(values.mode).toBe("open");
});
