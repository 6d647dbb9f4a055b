import type { Page, PageRequest } from "./store.ts";

/** The largest page that there is. */
const PAGE = 1_000;

/** All items of a listing, read page by page: `allItems((page) => view.nodes.list({}, page))`. */
export async function allItems<Item>(
  list: (page: PageRequest) => Promise<Page<Item>>,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: PAGE, cursor });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return items;
}
