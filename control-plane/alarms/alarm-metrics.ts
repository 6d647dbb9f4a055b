import type { MetricsRegistry } from "../../core/metrics/registry.ts";
import { ALARM_KINDS } from "../model/alarm.ts";
import type { Alarms } from "./alarms.ts";

/** Registers what is wrong, by kind; read at each scrape. */
export function observeAlarms(registry: MetricsRegistry, alarms: Pick<Alarms, "list">): void {
  registry.observe("sluice_cp_alarms", "Alarms that are not over, by kind.", "gauge", ["kind"], () => {
    const current = alarms.list();
    return ALARM_KINDS.map(
      (kind) => [[kind], current.filter((alarm) => alarm.kind === kind).length] as const,
    );
  });
}
