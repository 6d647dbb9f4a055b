import { errorAnswer } from "../answers.ts";
import type { WireError } from "../wire-error.ts";
import type { DateLine } from "./date-line.ts";
import { responseHeadText } from "./head-writer.ts";
import type { Sender } from "./sender.ts";

/** Sends what an error means, with `Connection: close`: nothing of the connection is understood behind it. */
export function sendLastAnswer(sender: Sender, error: WireError, dateLine: DateLine | undefined): void {
  const { head, body } = errorAnswer(error.code);
  const framing = { kind: "length", length: body.length } as const;
  sender.sendWhole(responseHeadText(head, framing, { close: true }, dateLine), body);
}
