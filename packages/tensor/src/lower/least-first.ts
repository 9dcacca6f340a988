/** What is to be looked at, by rank: the least first, in time that grows with the logarithm of how much waits. */

/** A binary heap. */
export class LeastFirst<Item> {
  readonly #rankOf: (item: Item) => number;
  readonly #items: Item[] = [];

  constructor(rankOf: (item: Item) => number) {
    this.#rankOf = rankOf;
  }

  /** Adds an item. */
  add(item: Item): void {
    const [items, rank] = [this.#items, this.#rankOf(item)];
    let at = items.length;
    for (let parent = (at - 1) >> 1; at > 0 && this.#rankOf(items[parent] as Item) > rank; parent = (at - 1) >> 1) {
      items[at] = items[parent] as Item;
      at = parent;
    }
    items[at] = item;
  }

  /** Takes the item of the least rank; undefined when there is none. */
  take(): Item | undefined {
    const items = this.#items;
    const least = items[0];
    const moved = items.pop();
    if (moved === undefined || items.length === 0) return least;
    const rank = this.#rankOf(moved);
    let at = 0;
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && this.#rankOf(items[child + 1] as Item) < this.#rankOf(items[child] as Item))
        child++;
      if (this.#rankOf(items[child] as Item) >= rank) break;
      items[at] = items[child] as Item;
      at = child;
    }
    items[at] = moved;
    return least;
  }
}
