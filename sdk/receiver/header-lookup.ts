/** One way to ask for a header, whatever a framework keeps them in. */

/** Takes a lower-case name. */
export type HeaderLookup = (name: string) => string | undefined;

/** Web `Headers`, or Node's object with lower-case names. */
export type HeaderSource =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

function isWebHeaders(headers: HeaderSource): headers is { get(name: string): string | null } {
  return typeof headers.get === 'function';
}

export function headerLookup(headers: HeaderSource): HeaderLookup {
  if (isWebHeaders(headers)) return (name) => headers.get(name) ?? undefined;
  return (name) => {
    const value = headers[name];
    return typeof value === 'string' || value === undefined ? value : value.join(', ');
  };
}

/** All headers, by their names in lower case. Empty where the source can't list them. */
export function headerEntries(headers: HeaderSource): readonly (readonly [string, string])[] {
  const entries: (readonly [string, string])[] = [];
  if (isWebHeaders(headers)) {
    if (headers instanceof Headers) headers.forEach((value, name) => entries.push([name, value]));
    return entries;
  }
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined)
      entries.push([name, typeof value === 'string' ? value : value.join(', ')]);
  }
  return entries;
}
