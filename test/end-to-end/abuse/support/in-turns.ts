/** So many at the same time. */
const AT_ONCE = 24;

/** Works on all items, some at a time. @throws what the first that fails throws. */
export async function inTurns<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  const turn = async (): Promise<void> => {
    while (next < items.length) await work(items[next++] as Item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, turn));
}
