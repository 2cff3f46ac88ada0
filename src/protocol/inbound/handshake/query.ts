/** Fields of a request's query, as handshakes read them. */
import type { InboundRequest } from '../request.ts';

/** The one value of a field; `undefined` when it is absent or comes twice. */
export function queryField(request: InboundRequest, name: string): string | undefined {
  if (!URL.canParse(request.url)) return undefined;
  const values = new URL(request.url).searchParams.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}
