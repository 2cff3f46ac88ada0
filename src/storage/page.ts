/** What lists give back. */

/**
 * Newest first. `next` is where to go on, or undefined at the end. A page may hold fewer items than
 * asked, even none, and still have a `next`: one page examines a bounded number of rows.
 */
export interface Page<Item, Position> {
  readonly items: readonly Item[];
  readonly next: Position | undefined;
}
