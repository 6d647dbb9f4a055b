import { referenceTable } from "../core/options/reference.ts";
import { CONTROL_PLANE_PREFIX, CONTROL_PLANE_SETTINGS } from "../control-plane/settings.ts";
import { SIDECAR_SETTINGS } from "../sidecar/settings.ts";

/** docs/settings.md, made from the table that the sidecar itself reads. */
export function settingsPage(): string {
  return `<!-- Made by \`npm run generate\` from sidecar/settings.ts; a test compares. -->

# Settings of the sidecar

Each setting can be given as a flag, in the environment or in the \`sidecar:\` section of the configuration file; the
first of these that names it wins, in this order. A flag without a value has a \`--no-\` form. An unknown flag or file
key is an error; an unknown \`SLUICE_*\` variable is a warning in the log, since a platform may set such names for a
service that is called sluice. Settings are read once, at start.

Durations are written \`200ms\`, \`1.5s\`, \`10m\`, \`2h\`; sizes \`512B\`, \`8KiB\`, \`32MiB\`, \`1GiB\`; addresses
\`127.0.0.1:80\` or \`[::1]:80\`; lists are separated by commas, or are lists in the file.

${referenceTable(SIDECAR_SETTINGS, "sidecar")}
`;
}

/** docs/control-plane-settings.md, made from the table that the control plane itself reads. */
export function controlPlaneSettingsPage(): string {
  return `<!-- Made by \`npm run generate\` from control-plane/settings.ts; a test compares. -->

# Settings of the control plane

Each setting can be given as a flag of \`sluice control-plane\`, in the environment or in the file that \`--config\` names,
under \`controlPlane:\`; the first of these that names it wins, in this order. Durations, sizes and addresses are written
as in [settings.md](settings.md). Settings are read once, at start; certificates are read again when they change.

${referenceTable(CONTROL_PLANE_SETTINGS, "controlPlane", CONTROL_PLANE_PREFIX)}
`;
}
