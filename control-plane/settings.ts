import { LOG_LEVELS } from "../core/log.ts";
import { address, choice, duration, integer, size, text, toggle, webAddress } from "../core/options/kinds.ts";
import type { ValuesOf } from "../core/options/option.ts";
import { PUSH_DEFAULTS as PUSH } from "./push/push-settings.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const WHERE = {
  config: text({
    default: "",
    inFile: false,
    meaning: "A file with these settings under `controlPlane:`; read once.",
  }),
  api: address({
    default: { host: "127.0.0.1", port: 7400 },
    meaning: "REST, watches, metrics. Port 0 takes a free one.",
  }),
  push: address({
    default: { host: "127.0.0.1", port: 7401 },
    meaning: "gRPC: nodes' streams.",
  }),
  folder: text({
    default: ".sluice/control-plane",
    meaning: "Store and artifacts; of this process alone.",
  }),
  artifactUrl: webAddress({
    default: "",
    meaning:
      "Where nodes download packages: a control plane's address such as `https://control-plane:7400`, or with a path the folder of a mirror, `https://mirror/packages/`, that has each as DIGEST. Empty: as a node's settings say, else the port of `--api` at the host that it connects to.",
  }),
  adminToken: text({
    default: "",
    meaning:
      "Secret of the first admin's token, which an empty store is given, at least 32 characters; empty: a new one, written to `admin.token` in the folder.",
  }),
} as const;

const TLS = {
  tlsCertificate: text({
    default: "",
    meaning: "File with the certificate (PEM) of both ports; read again when it changes. Empty: no TLS.",
  }),
  tlsKey: text({ default: "", meaning: "File with its key (PEM)." }),
  tlsClientAuthority: text({
    default: "",
    meaning:
      "File with the authority (PEM) whose certificates clients must show, beside their token. Empty: they show none.",
  }),
} as const;

const LIMITS = {
  bodyBytes: size({
    default: 2 * MIB,
    min: 16 * KIB,
    max: 64 * MIB,
    meaning: "Longest JSON body; beyond it 413.",
  }),
  packageBytes: size({
    default: 64 * MIB,
    min: 64 * KIB,
    max: GIB,
    meaning: "Largest package that is taken; beyond it 413.",
  }),
  uploads: integer({ default: 4, min: 1, max: 100, meaning: "Uploads at a time; beyond it 503." }),
  artifactQuota: size({
    default: 10 * GIB,
    min: 64 * MIB,
    max: 1_024 * GIB,
    meaning: "Most bytes of all packages; beyond it 507.",
  }),
  connections: integer({ default: 2_000, min: 10, max: 100_000, meaning: "Connections to REST." }),
  watches: integer({ default: 500, min: 1, max: 10_000, meaning: "Open watches; beyond it 429." }),
  watchesPerToken: integer({ default: 50, min: 1, max: 10_000, meaning: "Open watches of one token." }),
  nodesConnecting: integer({
    default: PUSH.connecting,
    min: 1,
    max: 10_000,
    meaning: "Nodes that may be connecting at once; others are told to come again.",
  }),
} as const;

const TIMEOUTS = {
  headTimeout: duration({
    default: 10 * SECOND,
    min: 100,
    max: MINUTE,
    meaning: "For the head of a request; beyond it 408.",
  }),
  bodyTimeout: duration({
    default: 30 * SECOND,
    min: 100,
    max: HOUR,
    meaning: "For a JSON body; beyond it 408.",
  }),
  uploadTimeout: duration({
    default: 15 * MINUTE,
    min: SECOND,
    max: DAY,
    meaning: "For a whole upload; beyond it 408.",
  }),
  uploadIdleTimeout: duration({
    default: 30 * SECOND,
    min: 100,
    max: HOUR,
    meaning: "Between two pieces of an upload.",
  }),
  keepAliveTimeout: duration({
    default: 65 * SECOND,
    min: 0,
    max: HOUR,
    meaning: "How long an idle connection is kept.",
  }),
  drainTimeout: duration({
    default: 15 * SECOND,
    min: 0,
    max: HOUR,
    meaning: "After SIGTERM: what is under way may end; then it is cut.",
  }),
} as const;

const INTERVALS = {
  heartbeat: duration({
    default: PUSH.heartbeat,
    min: 100,
    max: HOUR,
    meaning: "Between two signs of life of a node.",
  }),
  scan: duration({
    default: PUSH.scan,
    min: 100,
    max: DAY,
    meaning: "Between two looks of a node at its plugins.",
  }),
  avoid: duration({
    default: PUSH.avoid,
    min: 0,
    max: DAY,
    meaning: "Least time between two reports of a node on its plugins.",
  }),
  inventory: duration({
    default: PUSH.inventory,
    min: SECOND,
    max: 30 * DAY,
    meaning: "Between two full reports of what a node holds.",
  }),
  jitter: duration({
    default: PUSH.jitter,
    min: 0,
    max: HOUR,
    meaning: "Nodes' first reports are spread over so long.",
  }),
  answerTimeout: duration({
    default: PUSH.answerTimeout,
    min: 100,
    max: HOUR,
    meaning: "For a node's answer; then it is STALE.",
  }),
  forgetNodesAfter: duration({
    default: 7 * DAY,
    min: 0,
    max: 3_650 * DAY,
    meaning: "A node that was OFFLINE for longer is forgotten, unless an open release names it. 0: never.",
  }),
  watchInterval: duration({
    default: 250,
    min: 10,
    max: MINUTE,
    meaning: "Least time between two answers of a watch.",
  }),
} as const;

const ALARMS = {
  alarmInterval: duration({
    default: 5 * SECOND,
    min: 100,
    max: HOUR,
    meaning: "Between two looks at what is wrong.",
  }),
  notConvergedAfter: duration({
    default: 5 * MINUTE,
    min: 0,
    max: DAY,
    meaning: "A cluster that has not converged for longer is an alarm.",
  }),
  releaseWaitingAfter: duration({
    default: HOUR,
    min: 0,
    max: 30 * DAY,
    meaning: "A release that waits longer for approval is an alarm.",
  }),
} as const;

const RUNNING = {
  openMetrics: toggle({
    default: false,
    meaning: "/metrics needs no token. Otherwise it takes one with the right `read`.",
  }),
  logLevel: choice(LOG_LEVELS, { default: "info", meaning: "Least severe log line that is written." }),
} as const;

/** Every setting of the control plane: flags, environment, the file and docs/control-plane-settings.md come of it. */
export const CONTROL_PLANE_SETTINGS = {
  ...WHERE,
  ...TLS,
  ...LIMITS,
  ...TIMEOUTS,
  ...INTERVALS,
  ...ALARMS,
  ...RUNNING,
} as const;

export type ControlPlaneSettings = ValuesOf<typeof CONTROL_PLANE_SETTINGS>;

/** In front of the environment names: a node on the same machine has its own. */
export const CONTROL_PLANE_PREFIX = "SLUICE_CP_";
