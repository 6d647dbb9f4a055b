import type { MetricFamily, Sample } from "../../core/metrics/family.ts";
import type { MetricPage } from "./questions.ts";

/** What is not added up: a state of the whole, and points in time. */
const NOT_ADDED: Readonly<Record<string, (left: number, right: number) => number>> = {
  sluice_ready: Math.min,
  process_start_time_seconds: Math.min,
};

/**
 * Adds up the metrics of processes, series by series. What a process had counted when it was last seen is counted for
 * ever: a sum that falls when a worker ends would be read as a counter that began anew, and all of it as new.
 */
export class AddedMetrics {
  readonly #seen = new Map<object, readonly MetricPage[]>();
  #former: readonly MetricPage[] = [];

  /** What `source` has counted so far. */
  see(source: object, pages: readonly MetricPage[]): void {
    this.#seen.set(source, pages);
  }

  /** What `source` was last seen with; empty: never. */
  lastSeen(source: object): readonly MetricPage[] {
    return this.#seen.get(source) ?? [];
  }

  /** `source` is gone: what it was is forgotten, what it did stays. */
  end(source: object): void {
    const counted = this.lastSeen(source).filter(({ type }) => type !== "gauge");
    this.#seen.delete(source);
    this.#former = pagesOf(sum([this.#former, counted]));
  }

  /** Forgets what processes that are gone counted of plugin versions that are not in force any more. */
  retain(inForce: ReadonlySet<string>): void {
    this.#former = this.#former.map((page) => ({
      ...page,
      samples: page.samples.filter(({ labels }) => {
        const version = versionOf(labels);
        return version === undefined || inForce.has(version);
      }),
    }));
  }

  /** `own` are the families of this process. */
  families(own: readonly MetricFamily[]): readonly MetricFamily[] {
    return sum([...this.#seen.values(), this.#former, pagesOf(own)]);
  }
}

/** Metrics as they can be sent. */
export function pagesOf(families: readonly MetricFamily[]): readonly MetricPage[] {
  return families.map((family) => ({
    name: family.name,
    help: family.help,
    type: family.type,
    labels: family.labels,
    samples: [...family.samples()],
  }));
}

function sum(sources: readonly (readonly MetricPage[])[]): readonly MetricFamily[] {
  const sums = new Map<string, { readonly page: MetricPage; readonly series: Map<string, Sample> }>();
  for (const page of sources.flat()) {
    let known = sums.get(page.name);
    if (known === undefined) sums.set(page.name, (known = { page, series: new Map() }));
    const merge = NOT_ADDED[page.name] ?? plus;
    for (const sample of page.samples) {
      const key = `${sample.suffix}\0${sample.labels.join("\0")}`;
      const before = known.series.get(key);
      const value = before === undefined ? sample.value : merge(before.value, sample.value);
      known.series.set(key, { ...sample, value });
    }
  }
  return Array.from(sums.values(), ({ page, series }) => ({ ...page, samples: () => series.values() }));
}

function plus(left: number, right: number): number {
  return left + right;
}

/** `guard@1.0.0` of a series that has both labels. */
function versionOf(labels: readonly string[]): string | undefined {
  const plugin = valueOf(labels, "plugin");
  const version = valueOf(labels, "version");
  return plugin === undefined || version === undefined ? undefined : `${plugin}@${version}`;
}

function valueOf(labels: readonly string[], name: string): string | undefined {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1];
  return undefined;
}
