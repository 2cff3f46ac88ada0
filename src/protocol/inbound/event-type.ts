/** What an event of a provider is called: `<provider>.<its own type>`, as Bellwire spells types. */

/** The same as for events that are published; a test compares them. */
export const MAX_INBOUND_TYPE_CHARS = 128;
export const MAX_INBOUND_TYPE_SEGMENTS = 16;

const UNNAMED = 'event';
/** Types that begin so are Bellwire's own. */
const OWN_SEGMENT = 'bellwire';

/** What is not allowed in a part of an event type. */
const FOREIGN = /[^A-Za-z0-9_-]+/g;
/** Providers part their types with these: `issues.opened`, `issues:opened`, `user/created`. */
const SEPARATORS = /[.:/]+/;

/**
 * Always a valid event type that is not Bellwire's own; what does not fit is replaced by `_`.
 *
 * @param own the provider's word for it; undefined or empty where it has none.
 */
export function inboundEventType(provider: string, own: string | undefined): string {
  const parts = (own ?? '')
    .split(SEPARATORS, MAX_INBOUND_TYPE_SEGMENTS * 2)
    .map(segment)
    .filter(isNamed);
  const wanted = [segment(provider), ...(parts.length === 0 ? [UNNAMED] : parts)];
  const name = cut(wanted.slice(0, MAX_INBOUND_TYPE_SEGMENTS).join('.'));
  const isOwn = name === OWN_SEGMENT || name.startsWith(`${OWN_SEGMENT}.`);
  return isOwn
    ? cut(['source', ...name.split('.', MAX_INBOUND_TYPE_SEGMENTS - 1)].join('.'))
    : name;
}

function cut(text: string): string {
  const name = text.slice(0, MAX_INBOUND_TYPE_CHARS);
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function segment(text: string): string {
  return text.trim().replace(FOREIGN, '_');
}

function isNamed(text: string): boolean {
  return text !== '' && text !== '_';
}
