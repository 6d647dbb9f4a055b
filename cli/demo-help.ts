export interface DemoPorts {
  readonly app: string;
  readonly inbound: string;
  readonly outbound: string;
  readonly admin: string;
}

/** What `sluice up` prints when everything runs. */
export function demoHelp({ app, inbound, outbound, admin }: DemoPorts, config: string): string {
  const lines: readonly (readonly [command: string, effect: string])[] = [
    [`curl -i http://${inbound}/echo`, "what the app received; a plugin tagged it"],
    [`curl -i http://${inbound}/private`, "a plugin blocks it: 401"],
    [`curl -i -H 'cookie: a=b; token=let-me-in' http://${inbound}/private`, "and lets this one pass"],
    [`curl -N http://${inbound}/stream`, "server-sent events"],
    [`curl -x http://${outbound} http://${app}/echo`, "out through the sidecar"],
    [`curl http://${admin}/plugins`, "what runs; /metrics, /ready, /config_dump"],
  ];
  const width = Math.max(...lines.map(([command]) => command.length));
  const commands = lines.map(([command, effect]) => `  ${command.padEnd(width)}  # ${effect}`).join("\n");
  return `
Sluice is up: a sidecar on http://${inbound} in front of a demo app on http://${app}

${commands}

Edit ${config} or a plugin's source: the next answer is the new one.
Ctrl-C drains and ends.

`;
}
