import type { Confirmation } from "../../proto/gen/mesh/v1/Confirmation.ts";
import type { StatusReport__Output } from "../../proto/gen/mesh/v1/StatusReport.ts";
import type { NodePlugin } from "../model/node.ts";
import type { LiveReports } from "../reports/live-reports.ts";
import { pluginOf } from "./reported-words.ts";

/**
 * Takes the status reports of one stream. What a node said before is only a beginning: a report may have been confirmed
 * and then lost with the control plane's memory, so each stream asks for everything once, and again after a gap.
 */
export class StatusIntake {
  readonly #node: string;
  readonly #reports: LiveReports;
  #complete = false;
  #last = 0;

  constructor(node: string, reports: LiveReports) {
    this.#node = node;
    this.#reports = reports;
  }

  /** The confirmation: what it confirms is taken. */
  take({ sequence, complete, plugins }: StatusReport__Output): Confirmation {
    const known = plugins.map(pluginOf).filter((plugin): plugin is NodePlugin => plugin !== undefined);
    this.#reports.runs(this.#node, known, complete);
    if (sequence > this.#last + 1) this.#complete = false;
    if (complete) this.#complete = true;
    this.#last = Math.max(this.#last, sequence);
    return { sequence, wantComplete: !this.#complete };
  }
}
