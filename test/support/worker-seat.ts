import { createLogger } from "../../core/log.ts";
import type { ManualClock } from "../../core/manual-clock.ts";
import { readSettings } from "../../sidecar/settings-source.ts";
import { WorkerSeat, type SeatOptions } from "../../sidecar/workers/worker-seat.ts";

const FREE = ["inbound", "outbound"].flatMap((name) => [`--${name}`, "127.0.0.1:0"]);

/** The seat of worker 1, on free ports, whose outputs nobody hears but for what a test says otherwise. */
export async function seatWith(clock: ManualClock, heard: Partial<SeatOptions>): Promise<WorkerSeat> {
  const { values: settings } = await readSettings(FREE, {});
  return new WorkerSeat(1, {
    settings,
    clock,
    logLevel: () => "silent",
    admit: async () => {},
    dismiss: () => {},
    onDeath: () => {},
    onReplaced: () => {},
    log: createLogger("silent"),
    output: { write: () => {} },
    errors: { write: () => {} },
    ...heard,
  });
}
