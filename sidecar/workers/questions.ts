import { z } from "zod";

import { LOG_LEVELS, type LogLevel } from "../../core/log.ts";
import type { Problem } from "../../core/errors.ts";
import type { MetricType, Sample } from "../../core/metrics/family.ts";
import type { RetryOutcome } from "../admin/admin-providers.ts";
import type { NotReady } from "../admin/readiness.ts";
import type { PluginLoad } from "../config/apply-result.ts";
import { APPLY_TRIGGERS, type ApplyTrigger } from "../config/apply.ts";
import type { NodeView, RunningVersion } from "../control/node-view.ts";
import type { MeshSnapshot } from "../config/snapshot.ts";
import type { SidecarSettings } from "../settings.ts";
import type { TrafficPorts } from "../traffic.ts";
import type { PackageList } from "./delivered-packages.ts";

/** Plugins and reasons, as they travel. */
type Reasons = readonly (readonly [plugin: string, reason: string])[];

/** One metric of a worker, read. */
export interface MetricPage {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly samples: readonly Sample[];
}

export interface PrepareOrder {
  readonly snapshot: MeshSnapshot;
  readonly trigger: ApplyTrigger;
  readonly packages: PackageList;
}

export type PrepareAnswer =
  | { readonly kind: "prepared"; readonly shortfalls: Reasons }
  | { readonly kind: "rejected"; readonly problems: readonly Problem[] };

export interface CommitAnswer {
  readonly result: "applied" | "unchanged";
  readonly loads: readonly PluginLoad[];
}

/** Everything that the supervisor asks of a worker, in the order of a worker's life. */
export interface Questions {
  /** Once, first. The settings are those with which the sidecar was started, also for one that comes later. */
  readonly start: {
    readonly ask: {
      readonly worker: number;
      readonly settings: SidecarSettings;
      readonly logLevel: LogLevel;
    };
    readonly answer: null;
  };
  readonly prepare: { readonly ask: PrepareOrder; readonly answer: PrepareAnswer };
  /** Of what was prepared last. */
  readonly commit: { readonly ask: { readonly withheld: Reasons }; readonly answer: CommitAnswer };
  /** On these ports; null: on those of the settings. */
  readonly listen: { readonly ask: TrafficPorts | null; readonly answer: TrafficPorts };
  /** Also how the supervisor knows that the worker turns. */
  readonly notReady: { readonly ask: null; readonly answer: readonly NotReady[] };
  readonly metrics: { readonly ask: null; readonly answer: readonly MetricPage[] };
  /** For reports to a control plane. */
  readonly view: { readonly ask: null; readonly answer: NodeView };
  readonly plugins: { readonly ask: null; readonly answer: Readonly<Record<string, unknown>> };
  readonly clusters: { readonly ask: null; readonly answer: Readonly<Record<string, unknown>> };
  readonly setLogLevel: { readonly ask: LogLevel; readonly answer: null };
  readonly releasePlugin: { readonly ask: string; readonly answer: RetryOutcome };
  /** Answered at once; the worker ends when it has drained. */
  readonly drain: {
    readonly ask: { readonly delay: number; readonly deadline: number };
    readonly answer: null;
  };
  /** What is under way is cut, and the drain ends. */
  readonly cut: { readonly ask: null; readonly answer: null };
}

export type QuestionName = keyof Questions;
export type Ask<Name extends QuestionName> = Questions[Name]["ask"];
export type Answer<Name extends QuestionName> = Questions[Name]["answer"];

/** What the process of a worker gets. */
export interface QuestionMessage {
  readonly id: number;
  readonly name: QuestionName;
  readonly ask: unknown;
}

/** What it sends back; `message` says why it could not. */
export type AnswerMessage =
  | { readonly id: number; readonly kind: "answer"; readonly answer: unknown }
  | { readonly id: number; readonly kind: "failure"; readonly message: string };

type Schemas = {
  readonly [Name in QuestionName]: {
    readonly ask: z.ZodType<Ask<Name>>;
    readonly answer: z.ZodType<Answer<Name>>;
  };
};

/** Both ends run the same code: what is deep inside was checked where it was read, and is told by its type alone. */
const record = <Value>(): z.ZodType<Value> =>
  z.custom<Value>((value) => typeof value === "object" && value !== null && !Array.isArray(value));
const list = <Value>(): z.ZodType<readonly Value[]> => z.array(record<Value>());
const reasons: z.ZodType<Reasons> = z.array(z.tuple([z.string(), z.string()]));
const port = z.int().min(0).max(65_535);
const ports: z.ZodType<TrafficPorts> = z.strictObject({ inbound: port, outbound: port });
const milliseconds = z.number().min(0);
const page = { ask: z.null(), answer: z.record(z.string(), z.unknown()) };

const SCHEMAS: Schemas = {
  start: {
    ask: z.strictObject({
      worker: z.int().min(1),
      settings: record<SidecarSettings>(),
      logLevel: z.enum(LOG_LEVELS),
    }),
    answer: z.null(),
  },
  prepare: {
    ask: z.strictObject({
      snapshot: record<MeshSnapshot>(),
      trigger: z.enum(APPLY_TRIGGERS),
      packages: record<PackageList>(),
    }),
    answer: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("prepared"), shortfalls: reasons }),
      z.strictObject({ kind: z.literal("rejected"), problems: list<Problem>() }),
    ]),
  },
  commit: {
    ask: z.strictObject({ withheld: reasons }),
    answer: z.strictObject({ result: z.enum(["applied", "unchanged"]), loads: list<PluginLoad>() }),
  },
  listen: { ask: ports.nullable(), answer: ports },
  notReady: { ask: z.null(), answer: z.array(z.strictObject({ name: z.string(), reason: z.string() })) },
  metrics: { ask: z.null(), answer: list<MetricPage>() },
  view: {
    ask: z.null(),
    answer: z.strictObject({ running: list<RunningVersion>(), inFlight: z.number(), exchanges: z.number() }),
  },
  plugins: page,
  clusters: page,
  setLogLevel: { ask: z.enum(LOG_LEVELS), answer: z.null() },
  releasePlugin: {
    ask: z.string(),
    answer: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("retrying"), cause: z.string() }),
      z.strictObject({ kind: z.literal("unknown_plugin") }),
      z.strictObject({ kind: z.literal("nothing_to_retry"), state: z.string() }),
    ]),
  },
  drain: { ask: z.strictObject({ delay: milliseconds, deadline: milliseconds }), answer: z.null() },
  cut: { ask: z.null(), answer: z.null() },
};

const NAMES = Object.keys(SCHEMAS) as QuestionName[];
const QUESTION = z.strictObject({ id: z.int(), name: z.enum(NAMES), ask: z.unknown() });
const ANSWER = z.discriminatedUnion("kind", [
  z.strictObject({ id: z.int(), kind: z.literal("answer"), answer: z.unknown() }),
  z.strictObject({ id: z.int(), kind: z.literal("failure"), message: z.string() }),
]);

/** A message of the supervisor; throws where it is none. What it asks is read by `readAsk`. */
export function readQuestion(message: unknown): QuestionMessage {
  return QUESTION.parse(message);
}

/** What a question asks; throws where that is not what one of this name asks. */
export function readAsk<Name extends QuestionName>(name: Name, ask: unknown): Ask<Name> {
  return SCHEMAS[name].ask.parse(ask);
}

/** A message of a worker; undefined where it is none. */
export function readAnswerMessage(message: unknown): AnswerMessage | undefined {
  return ANSWER.safeParse(message).data;
}

/** An answer to the question of this name; throws where it is none. */
export function readAnswer<Name extends QuestionName>(name: Name, answer: unknown): Answer<Name> {
  return SCHEMAS[name].answer.parse(answer);
}
