import type { Page, PageRequest } from "../../store/store.ts";

const DEFAULT_LIMIT = 100;

export interface PageAnswer<Item> {
  items: Item[];
  next?: string;
}

/** The page that a query asks for. */
export function pageRequest({
  limit,
  cursor,
}: {
  limit?: number | undefined;
  cursor?: string | undefined;
}): PageRequest {
  return { limit: limit ?? DEFAULT_LIMIT, cursor };
}

/** The items of a page that pass, each in the API's words. */
export function pageAnswer<Item, Answer>(
  { items, next }: Page<Item>,
  toAnswer: (item: Item) => Answer,
  passes: (item: Item) => boolean = () => true,
): PageAnswer<Answer> {
  return { items: items.filter(passes).map(toAnswer), ...(next === undefined ? {} : { next }) };
}

/** A page of what is in memory, in the order of its keys; the cursor is the last key of the page before. */
export function pageOf<Item>(
  all: readonly Item[],
  keyOf: (item: Item) => string,
  { limit, cursor }: PageRequest,
): Page<Item> {
  const rest = cursor === undefined ? all : all.filter((item) => keyOf(item) > cursor);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rest.length > limit && last !== undefined ? keyOf(last) : undefined };
}
