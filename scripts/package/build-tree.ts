import { execFile } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";

import { packPlugin } from "../../core/packages/pack.ts";
import { packedManifest, type SourceManifest } from "./packed-manifest.ts";

/** Folders that go into the package whole: what is TypeScript is compiled, everything else goes as it is. */
const FOLDERS = ["cli", "control-plane", "core", "deploy/demo", "plugin-sdk", "proto", "sidecar"];
const EXAMPLES = "plugins-example";
const PAGES = ["README.md", "CHANGELOG.md", "LICENSE"];
const DOCS = "docs";
const NOT_SHIPPED = /\.ts$|\.md$|(^|\/)(testing|node_modules)\//;
const MODULE = /\.(js|d\.ts)$/;
/** A relative path to a script in a string: of a child, of a thread, and in declarations of an import. */
const SCRIPT_PATH = /(["'])(\.{1,2}\/[^"'\n]*)\.ts\1/g;

/**
 * Makes `dist/` of a source tree, to be packed: what an installed package runs, in the layout of the tree, without
 * types to strip, which Node refuses to do below node_modules. Examples become zips: a package brings no bundler.
 */
export async function buildTree(root: string): Promise<void> {
  const dist = join(root, "dist");
  await rm(dist, { recursive: true, force: true });
  await promisify(execFile)(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], {
    cwd: root,
  });
  for (const folder of FOLDERS) await copyFiles(root, folder);
  for (const path of await filesOf(dist)) if (MODULE.test(path)) await pointAtScripts(path);
  await writeExamples(root);
  await mkdir(join(dist, DOCS), { recursive: true });
  const pages = (await readdir(join(root, DOCS))).filter((name) => name.endsWith(".md"));
  for (const page of [...PAGES, ...pages.map((name) => join(DOCS, name))])
    await copyFile(join(root, page), join(dist, page));
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as SourceManifest;
  await writeFile(join(dist, "package.json"), `${JSON.stringify(packedManifest(manifest), undefined, 2)}\n`);
}

async function copyFiles(root: string, folder: string): Promise<void> {
  for (const path of await filesOf(join(root, folder))) {
    const name = relative(root, path);
    if (NOT_SHIPPED.test(name)) continue;
    const copy = join(root, "dist", name);
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(path, copy);
  }
}

async function pointAtScripts(path: string): Promise<void> {
  const text = await readFile(path, "utf8");
  const pointed = text.replaceAll(SCRIPT_PATH, "$1$2.js$1");
  if (pointed !== text) await writeFile(path, pointed);
}

async function writeExamples(root: string): Promise<void> {
  const target = join(root, "dist", EXAMPLES);
  await mkdir(target, { recursive: true });
  for (const entry of await readdir(join(root, EXAMPLES), { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const { manifest, zip } = await packPlugin(join(root, EXAMPLES, entry.name));
    await writeFile(join(target, `${manifest.name}.zip`), zip);
  }
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
