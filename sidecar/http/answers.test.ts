import { expect, test } from "vitest";

import { errorAnswer } from "./answers.ts";
import { WIRE_ERRORS, type WireErrorCode } from "./wire-error.ts";

const codes = Object.keys(WIRE_ERRORS) as WireErrorCode[];

test.each(codes)("%s has an answer whose header, body and status say the same", (code) => {
  const answer = errorAnswer(code);

  expect(answer.head.status).toBe(answer.status);
  expect(answer.head.headers.get("x-mesh-error")).toBe(code);
  expect(answer.head.headers.get("content-type")).toBe("application/problem+json");
  expect(JSON.parse(answer.body.toString())).toMatchObject({ status: answer.status, code });
  expect(answer.grpcStatus).toBeGreaterThan(0);
});

test.each(codes.filter((code) => WIRE_ERRORS[code] === "upstream"))("%s is a 502 or 504", (code) => {
  expect([502, 504]).toContain(errorAnswer(code).status);
});

test.each(codes.filter((code) => WIRE_ERRORS[code] === "downstream"))("%s is not the app's fault", (code) => {
  expect([400, 408, 414, 417, 431, 499, 501, 505, 508]).toContain(errorAnswer(code).status);
});

test("after a request that cannot be told from the next one the connection is closed", () => {
  expect(errorAnswer("bad_request").close).toBe(true);
  expect(errorAnswer("upstream_reset").close).toBe(false);
});
