import { spawnSync } from "node:child_process";

import { buildTree } from "./package/build-tree.ts";

// `npm run package`: builds dist/ and packs it into sluice-VERSION.tgz, which `npm install` takes.

await buildTree(process.cwd());
process.exitCode = spawnSync("npm", ["pack", "./dist"], { stdio: "inherit" }).status ?? 1;
