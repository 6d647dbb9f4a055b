import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { ReadLog__Output } from "../../proto/gen/mesh/v1/ReadLog.ts";
import type { LogEntry, LogPart } from "./log-file.ts";
import { BEGINNING, positionText } from "./log-position.ts";
import type { LogStart, PluginLogs } from "./plugin-logs.ts";

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

/** One question: what is there, and then what comes, no faster than the control plane reads. */
class LogAnswer implements Disposable {
  readonly #question: ReadLog__Output;
  readonly #logs: PluginLogs;
  readonly #outlet: LogOutlet;
  #waiting: LogEntry[] = [];
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
    const { id, plugin, tailBytes, after, follow } = this.#question;
    const start = { after, tailBytes: Math.min(tailBytes, MAX_TAIL) };
    if (follow) return this.#follow(id, plugin, start);
    const part = await this.#logs.read(plugin, start);
    if (part === undefined) return this.#end(id, `${plugin} has logged nothing on this node`);
    await this.#sendPart(id, part);
    this.#end(id, "");
  }

  async #follow(id: number, plugin: string, start: LogStart): Promise<void> {
    const { part, following } = await this.#logs.follow(plugin, start, (entries) => this.#take(entries));
    using _ = following;
    await this.#sendPart(id, part ?? { entries: [], position: positionText(BEGINNING), lost: false });
    while (!this.#stopped) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
      const taken = this.#waiting;
      this.#waiting = [];
      this.#chars = 0;
      for (const piece of piecesOf(taken)) if (!this.#stopped) await this.#send(id, piece);
    }
  }

  /** A position is told also where there is no line, so that whoever follows can go on from there. */
  async #sendPart(id: number, { entries, position, lost }: LogPart): Promise<void> {
    if (this.#stopped) return;
    const [first, ...others] = piecesOf(entries);
    await this.#send(id, first ?? { lines: [], position }, lost);
    for (const piece of others) if (!this.#stopped) await this.#send(id, piece);
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#wake.resolve();
  }

  #take(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      if (this.#chars + entry.line.length > MAX_WAITING) {
        this.#dropped++;
        continue;
      }
      this.#waiting.push(entry);
      this.#chars += entry.line.length;
    }
    this.#wake.resolve();
  }

  async #send(id: number, { lines, position }: Piece, lost = false): Promise<void> {
    const dropped = this.#dropped;
    this.#dropped = 0;
    const log = { id, lines: [...lines], end: false, problem: "", dropped, position, lost };
    if (!this.#outlet.send({ log })) await this.#outlet.drained();
  }

  #end(id: number, problem: string): void {
    this.#outlet.send({ log: { id, lines: [], end: true, problem, dropped: this.#dropped } });
  }
}

/** Lines that fit one message, and the position after the last of them. */
interface Piece {
  readonly lines: readonly string[];
  readonly position: string;
}

function piecesOf(entries: readonly LogEntry[]): readonly Piece[] {
  const pieces: { lines: string[]; position: string }[] = [];
  let room = 0;
  for (const { line, position } of entries) {
    const text = line.slice(0, MAX_LINE);
    if (text.length > room || pieces.length === 0) {
      pieces.push({ lines: [], position });
      room = MAX_MESSAGE;
    }
    const piece = pieces.at(-1)!;
    piece.lines.push(text);
    piece.position = position;
    room -= text.length + 1;
  }
  return pieces;
}
