/** The parts of package.json that differ between the tree and what is packed. */
export interface SourceManifest {
  readonly exports: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

/**
 * The package.json of the package: its entries are what was built, with declarations; esbuild is brought by those who
 * bundle plugins.
 */
export function packedManifest({
  exports,
  devDependencies,
  scripts: _scripts,
  ...rest
}: SourceManifest): object {
  const built = Object.entries(exports).map(([name, path]) => {
    const base = path.replace(/\.ts$/, "");
    return [name, { types: `${base}.d.ts`, default: `${base}.js` }] as const;
  });
  return {
    ...rest,
    exports: Object.fromEntries(built),
    peerDependencies: { esbuild: devDependencies["esbuild"] ?? "*" },
    peerDependenciesMeta: { esbuild: { optional: true } },
  };
}
