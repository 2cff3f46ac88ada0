/** Event type patterns: exact, `*` for one segment, `**` at the end for one or more. */

const SEGMENT = /^[A-Za-z0-9_-]+$/;

/** @throws TypeError for a pattern that can never match as its author meant it. */
export function compilePattern(pattern: string): (eventType: string) => boolean {
  const segments = pattern.split('.');
  const deep = segments.at(-1) === '**';
  const wanted = deep ? segments.slice(0, -1) : segments;
  if (!wanted.every((segment) => segment === '*' || SEGMENT.test(segment))) {
    throw new TypeError(
      `"${pattern}" is no event type pattern: use names joined by dots, "*" for one part, ` +
        'or "**" at the end for any number of parts',
    );
  }
  return (eventType) => {
    const given = eventType.split('.');
    const fits = deep ? given.length > wanted.length : given.length === wanted.length;
    return fits && wanted.every((segment, at) => segment === '*' || segment === given[at]);
  };
}
