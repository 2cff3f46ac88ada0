/**
 * One text field of a `multipart/form-data` body (RFC 7578), for senders that put JSON into one.
 */
import { utf8 } from './json.ts';

const MULTIPART = /^multipart\/form-data\s*;/i;
const BOUNDARY = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s";,]{1,70}))(?=\s*(?:;|$))/i;
/** Far more than a boundary needs. */
const MAX_CONTENT_TYPE_CHARS = 512;
const MAX_PART_HEAD_CHARS = 1024;
const FIELD_NAME = /^content-disposition:\s*form-data\s*;(?:.*;)?\s*name="([^"]*)"\s*(?:;.*)?$/im;

/**
 * The value of the field. `undefined` when the body is no such form in UTF-8, the field is missing,
 * or it comes twice, in which case readers differ on which one counts.
 */
export function multipartField(
  contentType: string | undefined,
  body: Uint8Array,
  name: string,
): string | undefined {
  if (contentType === undefined || contentType.length > MAX_CONTENT_TYPE_CHARS) return undefined;
  const match = MULTIPART.test(contentType) ? BOUNDARY.exec(contentType) : null;
  const boundary = match?.[1] ?? match?.[2];
  const text = utf8(body);
  if (boundary === undefined || text === undefined) return undefined;
  const parts = `\r\n${text}`.split(`\r\n--${boundary}`).slice(1);
  const values = parts.flatMap((part) => {
    const end = part.indexOf('\r\n\r\n');
    if (end === -1 || end > MAX_PART_HEAD_CHARS) return [];
    if (FIELD_NAME.exec(part.slice(0, end))?.[1] !== name) return [];
    return [part.slice(end + 4)];
  });
  return values.length === 1 ? values[0] : undefined;
}
