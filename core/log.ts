import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";

/** Structured log; children carry their fields into every line. The words of the fields are those of docs/README.md. */
export type Logger = PinoLogger;

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** JSON lines with ISO times, to standard output unless told otherwise; every line has the fields of `base`. */
export function createLogger(
  level: LogLevel,
  destination?: DestinationStream,
  base: Readonly<Record<string, unknown>> | null = null,
): Logger {
  const options = { level, timestamp: pino.stdTimeFunctions.isoTime, base };
  return destination === undefined ? pino(options) : pino(options, destination);
}
