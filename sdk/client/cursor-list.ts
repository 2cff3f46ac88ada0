/** A list of the API as something to loop over; pages are fetched as the loop needs them. */

export interface Page<T> {
  readonly data: readonly T[];
  readonly next_cursor: string | null;
}

/** Fetches the page behind a cursor; the first one without. */
export type FetchPage<T> = (cursor: string | undefined) => Promise<Page<T>>;

export class CursorList<T> implements AsyncIterable<T> {
  readonly #fetchPage: FetchPage<T>;

  constructor(fetchPage: FetchPage<T>) {
    this.#fetchPage = fetchPage;
  }

  /** One page: the first, or the one behind a `next_cursor`. */
  page(cursor?: string): Promise<Page<T>> {
    return this.#fetchPage(cursor);
  }

  /** Page by page, to the end. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    let cursor: string | undefined;
    do {
      const page = await this.#fetchPage(cursor);
      yield page;
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }

  /** Item by item, to the end. Every loop begins anew. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page.data;
  }
}
