import { expect, test } from "vitest";

import { HeaderBlock } from "../../core/headers/header-block.ts";
import { grpcAnswer, grpcStatusOf, isGrpc } from "./grpc-answer.ts";

function withType(type: string): { headers: HeaderBlock } {
  return { headers: HeaderBlock.fromFlat(["Content-Type", type]) };
}

test.each([
  "application/grpc",
  "application/grpc+proto",
  "application/grpc;charset=utf-8",
  "Application/GRPC",
])("%s is gRPC", (type) => expect(isGrpc(withType(type))).toBe(true));

test.each(["application/grpc-web", "application/grpcfoo", "application/json", ""])("%j is not gRPC", (type) =>
  expect(isGrpc(withType(type))).toBe(false),
);

test("a request without a content type is not gRPC", () => {
  expect(isGrpc({ headers: HeaderBlock.empty })).toBe(false);
});

test.each([
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [503, 14],
  [200, 7],
  [302, 7],
  [500, 7],
])("a block with %i is gRPC status %i", (status, grpc) => expect(grpcStatusOf(status)).toBe(grpc));

test("an answer is trailers-only, with the block's headers but for those of its body", () => {
  const headers = HeaderBlock.fromFlat([
    "content-type",
    "text/html",
    "x-web-reason",
    "quota",
    "grpc-status",
    "0",
  ]);

  const head = grpcAnswer(14, "slow down", headers);

  expect(head.status).toBe(200);
  expect(head.headers.toFlat()).toEqual([
    "content-type",
    "application/grpc",
    "grpc-status",
    "14",
    "grpc-message",
    "slow down",
    "x-web-reason",
    "quota",
  ]);
});

test("a message is percent-encoded, so that no byte of it can end a field or be lost", () => {
  const head = grpcAnswer(7, " 100% sûr\r\nx: y ");

  expect(head.headers.get("grpc-message")).toBe("%20100%25 s%C3%BBr%0D%0Ax: y%20");
});

test("a message that is a page is cut", () => {
  const head = grpcAnswer(7, "a".repeat(5_000));

  expect(head.headers.get("grpc-message")).toHaveLength(1_024);
});

test("no message is no field", () => {
  expect(grpcAnswer(7, "").headers.get("grpc-message")).toBeUndefined();
});
