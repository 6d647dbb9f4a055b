import type { Command } from "commander";

import type { CommandLine } from "../command-line.ts";

/** A command of `sluice`; its code is loaded when it is called. */
interface CommandEntry {
  readonly name: string;
  readonly description: string;
  readonly load: (line: CommandLine) => Promise<Command>;
}

/** In the order of help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "up",
    description: "Runs a demo app, a sidecar with example plugins in front of it, and their control plane.",
    load: async (line) => (await import("./up.ts")).upCommand(line),
  },
  {
    name: "sidecar",
    description: "Runs a sidecar in front of an app; `sluice sidecar --help` lists its settings.",
    load: async (line) => (await import("./sidecar.ts")).sidecarCommand(line),
  },
  {
    name: "control-plane",
    description: "Runs the control plane; `sluice control-plane --help` lists its settings.",
    load: async (line) => (await import("./control-plane.ts")).controlPlaneCommand(line),
  },
  {
    name: "get",
    description: "Lists things of a kind.",
    load: async (line) => (await import("./get.ts")).getCommand(line),
  },
  {
    name: "describe",
    description: "All about one plugin, release, node or cluster.",
    load: async (line) => (await import("./describe.ts")).describeCommand(line),
  },
  {
    name: "plugin",
    description: "Begins, packs, uploads, approves, enables and removes plugins.",
    load: async (line) => (await import("./plugin/plugin.ts")).pluginCommand(line),
  },
  {
    name: "release",
    description: "Puts plugin versions on nodes, from request to done.",
    load: async (line) => (await import("./release/release.ts")).releaseCommand(line),
  },
  {
    name: "apply",
    description: "Makes or changes what documents name; never deletes what they leave out.",
    load: async (line) => (await import("./apply.ts")).applyCommand(line),
  },
  {
    name: "diff",
    description:
      "How what is there differs from documents, as apply would change it; exit code 9 where it does.",
    load: async (line) => (await import("./apply.ts")).diffCommand(line),
  },
  {
    name: "logs",
    description: "What a plugin logged on a node.",
    load: async (line) => (await import("./logs.ts")).logsCommand(line),
  },
  {
    name: "wait",
    description: "Waits until every node of a cluster that is not OFFLINE has what it should have.",
    load: async (line) => (await import("./wait.ts")).waitCommand(line),
  },
  {
    name: "audit",
    description: "Who changed what, and who was refused what; oldest first.",
    load: async (line) => (await import("./audit.ts")).auditCommand(line),
  },
  {
    name: "token",
    description: "Makes and revokes tokens; `sluice get tokens` lists them.",
    load: async (line) => (await import("./token.ts")).tokenCommand(line),
  },
  {
    name: "silence",
    description: "Silences alarms that somebody works on; `sluice get alarms` lists them.",
    load: async (line) => (await import("./silence.ts")).silenceCommand(line),
  },
  {
    name: "context",
    description: "Which control plane commands talk to, and as whom.",
    load: async (line) => (await import("./context.ts")).contextCommand(line),
  },
  {
    name: "version",
    description: "Prints the versions of Sluice and of Node.",
    load: async () => (await import("./version.ts")).versionCommand(),
  },
];
