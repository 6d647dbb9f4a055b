/** Items of every page of a listing, asked for one page after the other. */
export async function allPages<Item>(
  page: (
    cursor: string | undefined,
  ) => Promise<{ readonly items: readonly Item[]; readonly next?: string | undefined }>,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const answer = await page(cursor);
    items.push(...answer.items);
    cursor = answer.next;
  } while (cursor !== undefined);
  return items;
}
