import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** One import statement: the file that has it and what it names, relative to the root or a package's name. */
export interface Import {
  readonly file: string;
  readonly target: string;
}

/** What the code of a folder may import beside itself; the rule of the longest matching folder holds. */
export type ImportRules = Readonly<Record<string, readonly string[]>>;

const SOURCES = "{core,proto,sidecar,control-plane,cli,plugin-sdk,plugins-example}/**/*.ts";
/** `import … from "x"`, `export … from "x"`; `import "x"`; `import("x")`. */
const SPECIFIERS = [
  /(?:^|\n)(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"'\n]+)["']/g,
  /(?:^|\n)import\s*["']([^"'\n]+)["']/g,
  /\bimport\(\s*["']([^"'\n]+)["']/g,
];

/** Every import of the production code; tests may reach for what they need. */
export function importsUnder(root: string): Import[] {
  const exclude = (path: string): boolean => path.includes("node_modules");
  return globSync(SOURCES, { cwd: root, exclude })
    .filter((file) => !isTestCode(file))
    .flatMap((file) => importsOf(root, file, readFileSync(join(root, file), "utf8")));
}

/** The imports of one file's text. */
export function importsOf(root: string, file: string, text: string): Import[] {
  const specifiers = SPECIFIERS.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => match[1] ?? ""),
  );
  return specifiers.map((specifier) => {
    if (!specifier.startsWith(".")) return { file, target: specifier };
    return { file, target: relative(root, resolve(root, dirname(file), specifier)) };
  });
}

/** `FILE imports TARGET` for each import between our own folders that no rule allows. */
export function forbiddenImports(imports: readonly Import[], rules: ImportRules): string[] {
  return imports
    .filter(({ target }) => target.endsWith(".ts") && folderOf(target, rules) !== undefined)
    .filter(({ file, target }) => !isAllowed(file, target, rules))
    .map(({ file, target }) => `${file} imports ${target}`);
}

function isAllowed(file: string, target: string, rules: ImportRules): boolean {
  const own = folderOf(file, rules);
  if (own === undefined) return false;
  return isUnder(target, own) || (rules[own] ?? []).some((allowed) => isUnder(target, allowed));
}

function folderOf(path: string, rules: ImportRules): string | undefined {
  const folders = Object.keys(rules).filter((folder) => isUnder(path, folder));
  return folders.toSorted((a, b) => b.length - a.length)[0];
}

/** Whether a path is this folder, below it, or this very file. */
export function isUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function isTestCode(file: string): boolean {
  return file.endsWith(".test.ts") || file.includes("/testing/");
}
