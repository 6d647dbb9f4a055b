import * as fc from "fast-check";
import { expect, test } from "vitest";

import { OpenStreams, type Placed } from "./open-streams.ts";

interface Stream extends Placed {
  readonly id: number;
}

function stream(id: number): Stream {
  return { id, place: -1 };
}

function idsOf(open: OpenStreams<Stream>): number[] {
  const ids: number[] = [];
  open.forEach(({ id }) => ids.push(id));
  return ids.toSorted((a, b) => a - b);
}

test("it holds what was added and not deleted, however often and in whatever order", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 15 }), { maxLength: 200 }), (turns) => {
      const open = new OpenStreams<Stream>();
      const streams = Array.from({ length: 16 }, (_, id) => stream(id));
      const model = new Set<number>();
      for (const id of turns) {
        const each = streams[id] ?? stream(id);
        if (model.delete(id)) open.delete(each);
        else open.add(each);
        if (each.place >= 0 && idsOf(open).includes(id)) model.add(id);
      }

      expect(idsOf(open)).toEqual([...model].toSorted((a, b) => a - b));
      expect(open.size).toBe(model.size);
    }),
  );
});

test("what was deleted once, or never added, is deleted without effect", () => {
  const open = new OpenStreams<Stream>();
  const first = stream(1);
  const second = stream(2);
  open.add(first);
  open.delete(first);
  open.add(second);

  open.delete(first);
  open.delete(stream(3));

  expect(idsOf(open)).toEqual([2]);
});

test("whoever is visited may be deleted, and others with it", () => {
  const open = new OpenStreams<Stream>();
  const streams = [stream(1), stream(2), stream(3)];
  for (const each of streams) open.add(each);
  const visited: number[] = [];

  open.forEach((each) => {
    visited.push(each.id);
    for (const other of streams) open.delete(other);
  });

  expect(visited).toEqual([1]);
  expect(open.size).toBe(0);
});
