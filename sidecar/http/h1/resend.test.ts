import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { BodySink, BodySource, UpstreamRequest } from "../exchange.ts";
import { WireError } from "../wire-error.ts";
import { mayResend, ResendableBody } from "./resend.ts";

const BROKEN = new WireError("client_gone", "the client left");

class Source implements BodySource {
  readonly length = undefined;
  starts = 0;
  resumes = 0;
  sink: BodySink | undefined;

  start(sink: BodySink): void {
    this.starts++;
    this.sink = sink;
  }

  resume(): void {
    this.resumes++;
  }

  cancel(): void {
    // Not used here.
  }
}

class Sink implements BodySink {
  heard = "";
  takesMore = true;

  chunk(bytes: Buffer): boolean {
    this.heard += bytes.toString("latin1");
    return this.takesMore;
  }

  end(trailers: HeaderBlock | undefined): void {
    this.heard += `[end ${trailers?.size ?? 0}]`;
  }

  fail(error: WireError): void {
    this.heard += `[${error.code}]`;
  }
}

function detached(): { source: Source; body: ResendableBody; first: Sink } {
  const source = new Source();
  const body = new ResendableBody(source);
  const first = new Sink();
  body.start(first);
  body.detach();
  return { source, body, first };
}

test("a body that nothing was taken of is started once and goes to the second connection", () => {
  const { source, body, first } = detached();
  expect(body.touched).toBe(false);

  const second = new Sink();
  body.start(second);
  source.sink?.chunk(Buffer.from("all"));
  source.sink?.end(HeaderBlock.fromFlat(["X", "y"]));

  expect([source.starts, source.resumes, first.heard, second.heard]).toEqual([1, 1, "", "all[end 1]"]);
  expect(body.touched).toBe(true);
});

test("what arrives between two connections is held, and the source told to stop", () => {
  const { source, body, first } = detached();

  expect(source.sink?.chunk(Buffer.from("between"))).toBe(false);
  source.sink?.end(undefined);
  const second = new Sink();
  body.start(second);

  expect([first.heard, second.heard]).toEqual(["", "between[end 0]"]);
});

test("a source is not asked for more than the second connection takes", () => {
  const { source, body } = detached();
  source.sink?.chunk(Buffer.from("between"));
  const second = new Sink();
  second.takesMore = false;

  body.start(second);

  expect(source.resumes).toBe(0);
});

test("a body that breaks between two connections is told to the second", () => {
  const { source, body } = detached();
  source.sink?.fail(BROKEN);

  const second = new Sink();
  body.start(second);

  expect(second.heard).toBe("[client_gone]");
});

test.each([
  ["GET", 0, false, true],
  ["HEAD", 0, false, true],
  ["PUT", 5, false, true],
  ["DELETE", undefined, false, true],
  ["PUT", 5, true, false],
  ["POST", 0, false, false],
  ["POST", 5, false, true],
  ["POST", undefined, true, false],
  ["PATCH", 0, false, false],
  ["get", 0, false, false],
])("a %s with a body of %s, touched: %s, may be sent again: %s", (method, length, touched, may) => {
  const body = Object.assign(new Source(), { length });
  const headers = HeaderBlock.empty;
  const request: UpstreamRequest = { method, target: "/", authority: "a", headers, upgrade: false, body };

  expect(mayResend(request, touched)).toBe(may);
});
