import type { Alarm, Silence } from "../model/alarm.ts";

/** Whether one of the silences that are in force fits the alarm: every part that it names is the same. */
export function isSilenced(alarm: Alarm, silences: readonly Silence[], wall: number): boolean {
  return silences.some((silence) => {
    const { kind, cluster, node, plugin, until } = silence;
    return (
      until > wall &&
      (kind === undefined || kind === alarm.kind) &&
      (cluster === undefined || cluster === alarm.cluster) &&
      (node === undefined || node === alarm.node) &&
      (plugin === undefined || plugin === alarm.plugin)
    );
  });
}
