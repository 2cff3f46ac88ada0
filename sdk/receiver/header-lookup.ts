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
