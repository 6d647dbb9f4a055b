import { systemClock, type Timer } from "../../core/clock.ts";

const PACE = 40;

/** One GET after the other through a sidecar, as long as it is not disposed of; every answer is judged. */
export class PacedTraffic implements AsyncDisposable {
  readonly problems: string[] = [];
  answers = 0;
  readonly #url: string;
  readonly #judge: (answer: Response) => string | undefined;
  readonly #timer: Timer;
  readonly #underWay = new Set<Promise<void>>();

  constructor(port: number, judge: (answer: Response) => string | undefined) {
    this.#url = `http://127.0.0.1:${port}/`;
    this.#judge = judge;
    this.#timer = systemClock.every(PACE, () => this.#send());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    await Promise.all(this.#underWay);
  }

  #send(): void {
    const sent = this.#exchange().finally(() => this.#underWay.delete(sent));
    this.#underWay.add(sent);
  }

  async #exchange(): Promise<void> {
    try {
      const answer = await fetch(this.#url);
      await answer.arrayBuffer();
      this.answers++;
      const problem = this.#judge(answer);
      if (problem !== undefined) this.problems.push(problem);
    } catch (thrown) {
      this.problems.push(`broken: ${String(thrown)}`);
    }
  }
}
