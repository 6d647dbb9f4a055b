import { ignoreGroupSignals } from "../../core/group-signals.ts";
import { CpuMeter } from "./cpu-meter.ts";
import { PluginHost } from "./plugin-host.ts";
import { BreadcrumbWriter } from "./protocol/breadcrumb.ts";
import { FrameChannel } from "./protocol/frame-channel.ts";
import { openInheritedLink } from "./protocol/inherited-link.ts";
import { TO_HOST_KINDS, type FromHost, type ToHost } from "./protocol/messages.ts";
import { groupTimers } from "./timer-slack.ts";
import { readWorldSource } from "./world-source.ts";

// The plugin host's process: its link to the sidecar and the breadcrumb are inherited (see host-command.ts).

const LINK = 3;
const BREADCRUMB = 4;

ignoreGroupSignals();
groupTimers();
const source = readWorldSource();
// Everything is loaded: who breaks out of an isolate finds no file system.
process.permission.drop("fs.read");
process.permission.drop("fs.write");

const link = openInheritedLink(LINK, (bytes) => channel.read(bytes));
const channel: FrameChannel<ToHost, FromHost> = new FrameChannel(link, TO_HOST_KINDS, {
  frame: (frame) => host.frame(frame),
  turn: () => host.turn(),
  // Without the sidecar there is nothing to do. What it sends is never wrong; if it is, it reads why.
  closed: (error) => {
    if (error !== undefined) process.stderr.write(`the link to the sidecar failed: ${error.message}\n`);
    process.exit(error === undefined ? 0 : 1);
  },
});
const host = new PluginHost({
  source,
  breadcrumb: new BreadcrumbWriter(BREADCRUMB),
  meter: new CpuMeter(),
  send: (frame) => channel.send(frame),
});
channel.send({ kind: "hello", nodeVersion: process.version, pid: process.pid });
