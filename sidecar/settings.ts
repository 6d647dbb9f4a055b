import { LOG_LEVELS } from "../core/log.ts";
import {
  address,
  choice,
  duration,
  fraction,
  integer,
  integerOr,
  list,
  size,
  text,
  toggle,
  webAddress,
} from "../core/options/kinds.ts";
import type { ValuesOf } from "../core/options/option.ts";
import { DEFAULT_WIRE_LIMITS as WIRE, type WireLimits } from "./http/limits.ts";
import { UPSTREAM_PROTOCOLS } from "./http/forwarding/endpoint-pools.ts";
import { UNDERSCORES } from "./http/forwarding/forwarder.ts";
import { networkProblem } from "./http/trusted-networks.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

const WHERE = {
  config: text({
    default: "",
    inFile: false,
    meaning: "The configuration file: chain, plugin folder and, under `sidecar:`, these settings; watched.",
  }),
  inbound: address({
    default: { host: "0.0.0.0", port: 15101 },
    meaning: "Where requests for the app arrive. Port 0 takes a free one.",
  }),
  outbound: address({
    default: { host: "127.0.0.1", port: 15102 },
    meaning: "Where the app reaches other services. Reachable from outside, it is a gateway.",
  }),
  admin: address({
    default: { host: "127.0.0.1", port: 15190 },
    meaning: "Health, metrics and inspection; nothing protects it but its address.",
  }),
  app: address({
    default: { host: "127.0.0.1", port: 8080 },
    meaning: "The app in front of which the sidecar stands.",
  }),
  appProtocol: choice(UPSTREAM_PROTOCOLS, {
    default: "auto",
    meaning: "What the app speaks; `auto` sends gRPC as h2c and the rest as HTTP/1.1.",
  }),
  trustedProxies: list("networks", networkProblem, {
    default: [],
    meaning:
      "Networks (CIDR) whose X-Forwarded-For is believed; the rightmost address outside them is the client.",
  }),
} as const;

const NODE = {
  controlPlane: text({
    default: "",
    meaning:
      "host:port of the control plane that configures this node; empty: the configuration file does. Without a connection the node goes on with what it was sent last, also after a restart.",
  }),
  controlPlaneArtifacts: webAddress({
    default: "",
    meaning:
      "Where packages are downloaded: a control plane's address such as `https://control-plane:7400`, or with a path the folder of a mirror, `https://mirror/packages/`. Empty: as the control plane says, else the port of its API at its host.",
  }),
  controlPlaneToken: text({
    default: "",
    meaning:
      "The node's token. Flags can be read by others on this machine: rather the variable or the file.",
  }),
  controlPlaneTokenFile: text({
    default: "",
    meaning: "A file that holds the token; read anew for each connection.",
  }),
  controlPlaneTls: toggle({
    default: false,
    meaning:
      "Connect to the control plane by TLS, trusting the machine's CA certificates; implied by the next two.",
  }),
  controlPlaneCa: text({
    default: "",
    meaning:
      "CA certificates (PEM) that the control plane's certificate is checked against; the node connects anew when this or one of the next two changes.",
  }),
  controlPlaneCert: text({
    default: "",
    meaning: "The node's own certificate (PEM), for a control plane that asks for one.",
  }),
  controlPlaneKey: text({ default: "", meaning: "The key of that certificate (PEM)." }),
  nodeId: text({
    default: "",
    meaning:
      "What a control plane calls this node; empty: `node.id` of the file, else a name made up once and kept in the state folder.",
  }),
  cluster: text({ default: "", meaning: "The node's cluster; empty: as in the file, else `default`." }),
  service: text({ default: "", meaning: "The service that the app is; empty: as in the file, else `app`." }),
  symbol: text({
    default: "",
    meaning: "Which deployment of the service; empty: as in the file, else `stable`.",
  }),
  labels: list("labels", labelProblem, {
    default: [],
    meaning: "What selectors of releases choose nodes by, such as `zone=a`; beside those of the file.",
  }),
} as const;

const HEADS = {
  headBytes: size({
    default: WIRE.headBytes,
    min: KIB,
    max: MIB,
    meaning: "Longest request or response head; beyond it 431.",
  }),
  headFields: integer({
    default: WIRE.headFields,
    min: 10,
    max: 10_000,
    meaning: "Most field lines in a head; beyond it 431.",
  }),
  targetBytes: size({
    default: WIRE.targetBytes,
    min: 256,
    max: 512 * KIB,
    meaning: "Longest request target; beyond it 414.",
  }),
  underscores: choice(UNDERSCORES, {
    default: "drop",
    meaning:
      "What becomes of request fields with `_` in their name: many apps cannot tell it from `-`, so `drop`.",
  }),
  chunkExtensionBytes: size({
    default: WIRE.chunkExtensionBytes,
    min: 0,
    max: 64 * KIB,
    meaning: "Longest extensions of one chunk, which are dropped; beyond it 400.",
  }),
  trailerBytes: size({
    default: WIRE.trailerBytes,
    min: 256,
    max: MIB,
    meaning: "Longest trailers over HTTP/1.1; beyond it 431. Over HTTP/2 they are bounded as heads are.",
  }),
} as const;

const TIMEOUTS = {
  firstByteTimeout: duration({
    default: WIRE.firstByte,
    min: 100,
    max: HOUR,
    meaning: "From accepting a connection to its first byte; then it is closed.",
  }),
  headTimeout: duration({
    default: WIRE.head,
    min: 100,
    max: HOUR,
    meaning: "From the first byte of a request's head to its end; beyond it 408.",
  }),
  bodyIdleTimeout: duration({
    default: WIRE.bodyIdle,
    min: 100,
    max: 24 * HOUR,
    meaning: "Between two pieces of a body, either way; never in total.",
  }),
  keepAliveTimeout: duration({
    default: WIRE.keepAlive,
    min: 0,
    max: 24 * HOUR,
    meaning: "How long a client's idle connection is kept.",
  }),
  lingerTimeout: duration({
    default: WIRE.linger,
    min: 10,
    max: HOUR,
    meaning: "How long a client may go on reading the last answer on a connection before that is cut.",
  }),
  connectTimeout: duration({
    default: WIRE.connect,
    min: 10,
    max: HOUR,
    meaning:
      "To connect to the app or a service; beyond it 504. Also longest wait for a connection, then 503.",
  }),
  responseTimeout: duration({
    default: WIRE.response,
    min: 0,
    max: 24 * HOUR,
    meaning: "From the end of a request to the head of its answer; beyond it 504. 0: for ever.",
  }),
  upstreamIdleTimeout: duration({
    default: WIRE.upstreamIdle,
    min: 0,
    max: HOUR,
    meaning: "How long an idle connection to the app is used again; keep it below the app's own keep-alive.",
  }),
} as const;

const BOUNDS = {
  maxConnections: integer({
    default: WIRE.connections,
    min: 1,
    max: 1_000_000,
    meaning: "Connections on one listener; beyond it 503 and closed.",
  }),
  maxInFlight: integer({
    default: WIRE.inFlight,
    min: 1,
    max: 1_000_000,
    meaning: "Exchanges under way on one listener; beyond it 503.",
  }),
  upstreamConnections: integer({
    default: WIRE.upstreamConnections,
    min: 1,
    max: 65_535,
    meaning: "Connections to one endpoint; further requests wait in line.",
  }),
  upstreamWaiting: integer({
    default: WIRE.upstreamWaiting,
    min: 0,
    max: 1_000_000,
    meaning: "Requests that may wait for a connection to one endpoint; beyond it 503.",
  }),
  highWater: size({
    default: WIRE.highWater,
    min: 4 * KIB,
    max: 16 * MIB,
    meaning: "Bytes held for a peer that does not read before its source is paused.",
  }),
  h2Streams: integer({
    default: WIRE.h2Streams,
    min: 1,
    max: 10_000,
    meaning: "Streams that a client may have open on one HTTP/2 connection.",
  }),
} as const;

const RUNNING = {
  workers: integerOr("auto", {
    default: 1,
    min: 1,
    max: 64,
    meaning:
      "Processes that share the ports; `auto`: whole CPUs of the cgroup's quota, else CPUs. Limits hold for each.",
  }),
  drainDelay: duration({
    default: 5 * SECOND,
    min: 0,
    max: HOUR,
    meaning:
      "After SIGTERM: not ready but still accepting, so that balancers notice. SIGINT waits for no delay.",
  }),
  drainTimeout: duration({
    default: 25 * SECOND,
    min: 0,
    max: HOUR,
    meaning: "After the delay: what is under way may end; then it is cut.",
  }),
  stateFolder: text({
    default: "",
    meaning:
      "Where packages are unpacked and the last good configuration is kept; empty: a folder of this user's in the temporary folder. Nobody else may write to it.",
  }),
  hostMemory: size({
    default: 512 * MIB,
    min: 64 * MIB,
    max: 64 * KIB * MIB,
    meaning: "Resident memory at which the plugin host is replaced; lower where the cgroup leaves less.",
  }),
  logLevel: choice(LOG_LEVELS, {
    default: "info",
    meaning: "Least severe log line that is written; changed at run time at /logging.",
  }),
  accessLog: toggle({ default: true, meaning: "One log line for each exchange." }),
  accessLogSample: fraction({
    default: 1,
    meaning:
      "Share of the exchanges that get their line; those that were blocked, refused or failed always do.",
  }),
} as const;

/** Every setting of the sidecar: flags, environment, the file's `sidecar:` section and docs/settings.md come of it. */
export const SIDECAR_SETTINGS = { ...WHERE, ...NODE, ...HEADS, ...TIMEOUTS, ...BOUNDS, ...RUNNING } as const;

export type SidecarSettings = ValuesOf<typeof SIDECAR_SETTINGS>;

function labelProblem(text: string): string | undefined {
  return /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?=[\x20-\x7e]{0,256}$/.test(text)
    ? undefined
    : "expected name=value";
}

/** The part of the settings that the wire takes. */
export function wireLimits(settings: SidecarSettings): WireLimits {
  return {
    headBytes: settings.headBytes,
    headFields: settings.headFields,
    targetBytes: settings.targetBytes,
    chunkExtensionBytes: settings.chunkExtensionBytes,
    trailerBytes: settings.trailerBytes,
    firstByte: settings.firstByteTimeout,
    head: settings.headTimeout,
    bodyIdle: settings.bodyIdleTimeout,
    keepAlive: settings.keepAliveTimeout,
    linger: settings.lingerTimeout,
    connect: settings.connectTimeout,
    response: settings.responseTimeout,
    upstreamIdle: settings.upstreamIdleTimeout,
    connections: settings.maxConnections,
    inFlight: settings.maxInFlight,
    upstreamConnections: settings.upstreamConnections,
    upstreamWaiting: settings.upstreamWaiting,
    highWater: settings.highWater,
    h2Streams: settings.h2Streams,
  };
}
