import type { Alarms } from "./alarms/alarms.ts";
import type { ChangeFeed, ChangeTopic } from "./api/watches.ts";
import type { NodeReports } from "./reports/node-reports.ts";
import type { Store } from "./store/store.ts";

/** Everything that watches may have to tell of, from those who know. */
export function changeFeed(store: Store, reports: NodeReports, alarms: Alarms): ChangeFeed {
  return {
    onChange: (listener: (topic: ChangeTopic) => void) => {
      const stack = new DisposableStack();
      stack.use(store.onAccepted(() => listener("records")));
      stack.use(reports.onChange(() => listener("nodes")));
      stack.use(alarms.onLook(() => listener("alarms")));
      return stack;
    },
  };
}
