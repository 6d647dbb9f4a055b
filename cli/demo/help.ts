import { formatAddress, type Address } from "../../core/address.ts";
import { quoted } from "../hint.ts";

export interface DemoPorts {
  readonly app: string;
  readonly inbound: string;
  readonly outbound: string;
  readonly admin: string;
}

type Line = readonly [command: string, effect: string];

/** What `sluice up` prints when everything runs, and a file configures it. */
export function demoHelp(ports: DemoPorts, config: string): string {
  return page(
    ports,
    trafficLines(ports, CONFIGURED),
    `Plugins answer where ${config} has them in its chain. Edit it or a plugin's source: the next answer is the new one.`,
  );
}

export interface ControlPlaneFacts {
  /** Its address. */
  readonly api: string;
  /** The folder of plugins whose edits are released; undefined where the examples came packed. */
  readonly sources: string | undefined;
}

/** The same where a control plane configures it. */
export function controlPlaneHelp(ports: DemoPorts, { api, sources }: ControlPlaneFacts): string {
  const commands = [
    ...trafficLines(ports, EXAMPLES_ANSWER),
    ["npx sluice get nodes", "what every node runs, and whether it is in sync"] as const,
    ...(sources === undefined ? NEW_PLUGIN : newVersion(sources)),
    [
      "npx sluice --context ops release approve ID",
      "somebody else approves; then download, activate, complete",
    ] as const,
    ["npx sluice release status ID -w", "what each node has done of it"] as const,
  ];
  const place = `The control plane is on http://${api}; what it knows is in .sluice/, which you may delete to begin anew.`;
  const edits = `Edit a plugin's source in ${sources}/: it is released by itself, and the next answer is the new one.\n`;
  return page(ports, commands, sources === undefined ? place : `${edits}${place}`);
}

function newVersion(sources: string): readonly Line[] {
  return [
    [
      `npx sluice plugin push ${quoted(`${sources}/header-tag`)}`,
      "uploads a version (raise it in plugin.yaml first, say to 1.1.0)",
    ],
    ["npx sluice release create header-tag@1.1.0 --full", "asks for it to be put on nodes, as dev"],
  ];
}

const NEW_PLUGIN: readonly Line[] = [
  ["npx sluice plugin new my-plugin", "begins a plugin of yours"],
  ["npx sluice plugin push my-plugin --domain demo", "uploads it (install esbuild beside Sluice first)"],
  ["npx sluice --context ops plugin enable my-plugin", "adds it to the chain"],
  ["npx sluice release create my-plugin@1.0.0 --full", "asks for it to be put on nodes, as dev"],
];

/** What is said when the control plane is killed: the rest of the demo goes on. */
export function controlPlaneEnded(
  { api, push }: { readonly api: Address; readonly push: Address },
  folder: string,
): string {
  const flags = `--folder ${quoted(folder)} --api ${formatAddress(api)} --push ${formatAddress(push)}`;
  return `The control plane has ended; traffic goes on as it was. Again: npx sluice control-plane ${flags}\n`;
}

interface Effects {
  readonly echo: string;
  readonly blocked: string;
  readonly passed: string;
}

const EXAMPLES_ANSWER: Effects = {
  echo: "what the app received; header-tag has tagged it",
  blocked: "token-guard blocks it: 401",
  passed: "and lets this one pass",
};

/** Which plugins a person's own file has in its chain is theirs to know. */
const CONFIGURED: Effects = {
  echo: "what the app received, with what plugins did to it",
  blocked: "401 where token-guard is in the chain",
  passed: "and passes there",
};

function trafficLines(
  { app, inbound, outbound, admin }: DemoPorts,
  { echo, blocked, passed }: Effects,
): readonly Line[] {
  return [
    [`curl -i http://${inbound}/echo`, echo],
    [`curl -i http://${inbound}/private`, blocked],
    [`curl -i -H 'cookie: a=b; token=let-me-in' http://${inbound}/private`, passed],
    [`curl -N http://${inbound}/stream`, "server-sent events"],
    [`curl -x http://${outbound} http://${app}/echo`, "out through the sidecar"],
    [`curl http://${admin}/plugins`, "what runs; /metrics, /ready, /config_dump"],
  ];
}

function page({ app, inbound }: DemoPorts, lines: readonly Line[], advice: string): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const commands = lines.map(([command, effect]) => `  ${command.padEnd(width)}  # ${effect}`).join("\n");
  return `
Sluice is up: a sidecar on http://${inbound} in front of a demo app on http://${app}

${commands}

${advice}
Ctrl-C drains and ends.

`;
}
