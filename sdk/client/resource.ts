/** What the resources share. */
import { CursorList } from './cursor-list.ts';
import type { Page } from './cursor-list.ts';
import type { CallOptions, QueryValue, Transport } from './transport.ts';
import type { ListQuery } from './types.ts';

/** Builds a path; ids are encoded, so that none can lead elsewhere. */
export function path(strings: TemplateStringsArray, ...ids: string[]): string {
  return String.raw({ raw: strings }, ...ids.map(encodedId));
}

function encodedId(id: string): string {
  // URL parsers would resolve these two as steps in the path, and an empty id as the list itself.
  if (id === '' || id === '.' || id === '..') throw new TypeError(`"${id}" is no id`);
  return encodeURIComponent(id);
}

export function listOf<T>(
  transport: Transport,
  listPath: string,
  query: ListQuery & { readonly [name: string]: QueryValue },
  options: CallOptions = {},
): CursorList<T> {
  return new CursorList<T>((cursor) =>
    transport<Page<T>>({
      method: 'GET',
      path: listPath,
      query: { ...query, cursor: cursor ?? query.cursor },
      signal: options.signal,
    }),
  );
}
