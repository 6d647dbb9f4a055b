import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { ReadLog__Output } from "../../proto/gen/mesh/v1/ReadLog.ts";
import type { PluginLogs } from "./plugin-logs.ts";

/** Where answers go: a session with the control plane. */
export interface LogOutlet {
  send(message: NodeMessage): boolean;
  drained(): Promise<void>;
}

const MAX_TAIL = 4 * 1024 * 1024;
/** Chars of one message, and of lines that wait for a slow reader. */
const MAX_MESSAGE = 48 * 1024;
const MAX_WAITING = 256 * 1024;
const MAX_LINE = 16 * 1024;
const MAX_QUESTIONS = 16;
const PLUGIN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Answers what the control plane asks of plugins' logs, for one session. */
export class LogQuestions implements Disposable {
  readonly #logs: PluginLogs;
  readonly #outlet: LogOutlet;
  readonly #open = new Map<number, LogAnswer>();

  constructor(logs: PluginLogs, outlet: LogOutlet) {
    this.#logs = logs;
    this.#outlet = outlet;
  }

  ask(question: ReadLog__Output): void {
    const { id, plugin, stop } = question;
    this.#open.get(id)?.[Symbol.dispose]();
    this.#open.delete(id);
    if (stop) return;
    if (!PLUGIN.test(plugin)) return this.#refuse(id, "that is no name of a plugin");
    if (this.#open.size >= MAX_QUESTIONS)
      return this.#refuse(id, "too many logs are being read on this node");
    const answer = new LogAnswer(question, this.#logs, this.#outlet);
    this.#open.set(id, answer);
    void this.#answerOne(id, answer);
  }

  [Symbol.dispose](): void {
    for (const answer of this.#open.values()) answer[Symbol.dispose]();
    this.#open.clear();
  }

  async #answerOne(id: number, answer: LogAnswer): Promise<void> {
    await answer.run();
    if (this.#open.get(id) === answer) this.#open.delete(id);
  }

  #refuse(id: number, problem: string): void {
    this.#outlet.send({ log: { id, lines: [], end: true, problem, dropped: 0 } });
  }
}

/** One question: the tail, and then what comes, no faster than the control plane reads. */
class LogAnswer implements Disposable {
  readonly #question: ReadLog__Output;
  readonly #logs: PluginLogs;
  readonly #outlet: LogOutlet;
  #waiting: string[] = [];
  #chars = 0;
  #dropped = 0;
  #wake = Promise.withResolvers<void>();
  #stopped = false;

  constructor(question: ReadLog__Output, logs: PluginLogs, outlet: LogOutlet) {
    this.#question = question;
    this.#logs = logs;
    this.#outlet = outlet;
  }

  async run(): Promise<void> {
    const { id, plugin, tailBytes, follow } = this.#question;
    const lines = await this.#logs.tail(plugin, Math.min(tailBytes, MAX_TAIL));
    if (lines === undefined && !follow) return this.#end(id, `${plugin} has logged nothing on this node`);
    // In the same turn as the end of the tail, so that no line is missed; some may be there twice.
    using _ = follow ? this.#logs.follow(plugin, (line) => this.#take(line)) : undefined;
    for (const piece of piecesOf(lines ?? [])) {
      if (this.#stopped) return;
      await this.#send(id, piece);
    }
    if (follow) await this.#follow(id);
    else this.#end(id, "");
  }

  async #follow(id: number): Promise<void> {
    while (!this.#stopped) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
      const taken = this.#waiting;
      this.#waiting = [];
      this.#chars = 0;
      for (const piece of piecesOf(taken)) if (!this.#stopped) await this.#send(id, piece);
    }
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#wake.resolve();
  }

  #take(line: string): void {
    if (this.#chars + line.length > MAX_WAITING) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(line);
    this.#chars += line.length;
    this.#wake.resolve();
  }

  async #send(id: number, lines: readonly string[]): Promise<void> {
    const dropped = this.#dropped;
    this.#dropped = 0;
    if (!this.#outlet.send({ log: { id, lines: [...lines], end: false, problem: "", dropped } }))
      await this.#outlet.drained();
  }

  #end(id: number, problem: string): void {
    this.#outlet.send({ log: { id, lines: [], end: true, problem, dropped: this.#dropped } });
  }
}

/** Lines in groups that fit one message. */
function piecesOf(lines: readonly string[]): readonly (readonly string[])[] {
  const pieces: string[][] = [];
  let room = 0;
  for (const line of lines) {
    const text = line.slice(0, MAX_LINE);
    if (text.length > room || pieces.length === 0) {
      pieces.push([]);
      room = MAX_MESSAGE;
    }
    pieces.at(-1)?.push(text);
    room -= text.length + 1;
  }
  return pieces;
}
