import type { IsolateInstance } from "./isolate-instance.ts";

/** The instances of this runtime, by each of their numbers. */
export class IsolateInstances {
  readonly byGeneration = new Map<number, IsolateInstance>();
  readonly #byLoad = new Map<number, IsolateInstance>();
  #lastLoad = 0;

  /** A name for hosts, never used twice. */
  nextLoad(): number {
    return ++this.#lastLoad;
  }

  add(instance: IsolateInstance): void {
    this.byGeneration.set(instance.generation, instance);
    this.#byLoad.set(instance.load, instance);
  }

  remove(instance: IsolateInstance): void {
    this.byGeneration.delete(instance.generation);
    this.#byLoad.delete(instance.load);
  }

  /** Gives the instance a new name for hosts; what is said under the old one is not heard any more. */
  rename(instance: IsolateInstance): void {
    this.#byLoad.delete(instance.load);
    instance.rename(this.nextLoad());
    this.#byLoad.set(instance.load, instance);
  }

  /** Whom a host means. */
  byLoad(load: number): IsolateInstance | undefined {
    return this.#byLoad.get(load);
  }

  /** Bytes of heap that all of them may take in one host. */
  get memory(): number {
    let bytes = 0;
    for (const { spec } of this.byGeneration.values()) bytes += spec.memory;
    return bytes;
  }

  /** ms of CPU that the longest entry into one of them may take. */
  get longestEntry(): number {
    let longest = 0;
    for (const { spec } of this.byGeneration.values()) longest = Math.max(longest, spec.cpu);
    return longest;
  }
}
