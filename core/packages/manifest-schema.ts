import { parse } from "semver";
import { z } from "zod";

import { dnsLabel, versionName } from "../chain-document/names.ts";
import { durationText, readDocument, sizeText } from "../document.ts";
import { FAILURE_POLICIES } from "../failure-policy.ts";
import { POSITION_NAMES } from "../position.ts";
import { PLUGIN_RUNTIMES, type PluginManifest } from "./manifest.ts";

/** The file in a package that says what the plugin is. */
export const MANIFEST_FILE = "plugin.yaml";

/** Where the script of a packed isolate plugin is unless its manifest says otherwise. */
export const DEFAULT_ENTRY = "bin/plugin.js";
const DEFAULT_TIMEOUT = 50;
const DEFAULT_CPU = 10;
const DEFAULT_MEMORY = 32 * 2 ** 20;
/** isolated-vm takes no less. */
const MIN_MEMORY = 8 * 2 ** 20;
const MAX_MEMORY = 2 ** 30;
const MAX_TIME = 60_000;
const MAX_LIST = 64;

const pluginVersion = versionName.refine(isCanonicalVersion, "expected a semantic version such as 1.2.0");

const packagePath = z
  .string()
  .max(255, "expected at most 255 characters")
  .regex(/^[\w@.-]+(\/[\w@.-]+)*$/, "expected a path inside the package such as bin/plugin.js")
  .refine(
    (path) => !path.split("/").some((part) => part === "." || part === ".."),
    "expected no . or .. in it",
  );

const time = durationText.refine((ms) => ms >= 1 && ms <= MAX_TIME, "expected between 1ms and 60s");

const address = z
  .string()
  .refine(isAddress, "expected host:port, such as geo.internal:7000, or unix:/path of a socket");

const fetchPattern = z
  .string()
  .refine(isFetchPattern, "expected an http or https address with a host, such as https://auth.internal/*");

const schema = z
  .strictObject({
    apiVersion: z.literal("sluice/v1"),
    kind: z.literal("Plugin"),
    name: dnsLabel,
    version: pluginVersion,
    runtime: z.enum(PLUGIN_RUNTIMES),
    entry: packagePath.optional(),
    address: address.optional(),
    positions: z.array(z.enum(POSITION_NAMES)).min(1, "expected request, response or both").check(distinct()),
    failurePolicy: z.enum(FAILURE_POLICIES, {
      error: "expected open (traffic goes on when the plugin fails) or closed (it is answered 503)",
    }),
    timeout: time.default(DEFAULT_TIMEOUT),
    cpu: time.default(DEFAULT_CPU),
    memory: sizeText
      .refine((bytes) => bytes >= MIN_MEMORY && bytes <= MAX_MEMORY, "expected between 8MiB and 1GiB")
      .default(DEFAULT_MEMORY),
    permissions: z
      .strictObject({
        fetch: z.array(fetchPattern).max(MAX_LIST).default([]),
        kv: z.boolean().default(false),
      })
      .default({ fetch: [], kv: false }),
    platforms: z
      .array(z.string().regex(/^[a-z0-9]+\/[a-z0-9]+$/, "expected a platform such as linux/amd64"))
      .max(MAX_LIST)
      .default([]),
  })
  .superRefine((manifest, context) => {
    const refuse = (key: string, message: string): void => {
      context.addIssue({ code: "custom", path: [key], message });
    };
    if (manifest.runtime !== "isolate" && manifest.entry !== undefined)
      refuse("entry", `has a meaning for runtime isolate only; a ${manifest.runtime} plugin has none`);
    if (manifest.runtime === "remote" && manifest.address === undefined)
      refuse("address", "missing: a remote plugin needs host:port or unix:/path");
    if (manifest.runtime !== "remote" && manifest.address !== undefined)
      refuse("address", "has a meaning for runtime remote only");
    if (manifest.runtime !== "process" && manifest.platforms.length > 0)
      refuse("platforms", "has a meaning for runtime process only");
  });

/** Reads plugin.yaml. Throws an `InputError` with every problem; `where` names the file in them. */
export function parseManifest(where: string, text: string): PluginManifest {
  const { apiVersion: _, kind: __, ...manifest } = readDocument(where, text, schema);
  const entry = manifest.runtime === "isolate" ? (manifest.entry ?? DEFAULT_ENTRY) : "";
  return { ...manifest, entry, address: manifest.address };
}

function distinct(): z.core.CheckFn<readonly string[]> {
  return ({ value, issues }) => {
    if (new Set(value).size < value.length)
      issues.push({ code: "custom", input: value, message: "expected each at most once" });
  };
}

/** `parse` reads more than it would write: two texts that are one version to it would be two versions here. */
function isCanonicalVersion(text: string): boolean {
  const parsed = parse(text);
  if (parsed === null) return false;
  const build = parsed.build.length === 0 ? "" : `+${parsed.build.join(".")}`;
  return `${parsed.version}${build}` === text;
}

function isAddress(text: string): boolean {
  if (text.startsWith("unix:")) return /^unix:\/[^\0]{1,100}$/.test(text);
  const match = /^([a-zA-Z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\]):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  return match !== null && port > 0 && port <= 65_535;
}

function isFetchPattern(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return false;
  return url.username === "" && url.password === "" && url.hash === "" && url.host !== "";
}
