/** The event in a request, in whichever payload format the subscription asked for. */
import { fromCloudEvent, STRUCTURED_CONTENT_TYPE } from '../../src/protocol/cloudevents.ts';
import { decodeHeaderValue } from '../../src/protocol/cloudevents.ts';
import { parseEnvelope, parseJsonBytes } from '../../src/protocol/envelope.ts';
import type { ParsedEnvelope } from '../../src/protocol/envelope.ts';
import {
  HEADER_CLOUDEVENTS_PREFIX,
  HEADER_CONTENT_TYPE,
  HEADER_WEBHOOK_ID,
} from '../../src/protocol/headers.ts';
import type { HeaderLookup } from './header-lookup.ts';

/**
 * Bellwire's own envelope, a thin one (then `data` is absent and `fetch_url` leads to it), or a
 * CloudEvent in structured or binary mode. Check the signature over the same bytes before this.
 */
export function readEvent(header: HeaderLookup, body: Uint8Array): ParsedEnvelope {
  const [mediaType = ''] = (header(HEADER_CONTENT_TYPE) ?? '').split(';');
  if (mediaType.trim().toLowerCase() === STRUCTURED_CONTENT_TYPE) return readStructured(body);
  if (header(`${HEADER_CLOUDEVENTS_PREFIX}specversion`) === undefined) return parseEnvelope(body);
  return readBinary(header, body);
}

function readStructured(body: Uint8Array): ParsedEnvelope {
  const parsed = parseJsonBytes(body);
  if (!parsed.ok) return parsed;
  const members = new Map<string, unknown>(Object.entries(parsed.value ?? {}));
  const event = fromCloudEvent((name) => members.get(name), members.get('data'));
  return event === undefined ? notACloudEvent() : { ok: true, event };
}

/**
 * Of the attributes, signatures cover the id alone, and that only through `webhook-id`: so the two
 * must be the same.
 */
function readBinary(header: HeaderLookup, body: Uint8Array): ParsedEnvelope {
  const parsed = parseJsonBytes(body);
  if (!parsed.ok) return parsed;
  const event = fromCloudEvent((name) => {
    const value = header(HEADER_CLOUDEVENTS_PREFIX + name);
    return value === undefined ? undefined : decodeHeaderValue(value);
  }, parsed.value);
  if (event === undefined) return notACloudEvent();
  if (event.webhook_id === header(HEADER_WEBHOOK_ID)) return { ok: true, event };
  const detail = 'The headers ce-id and webhook-id differ.';
  return { ok: false, reason: 'not_an_event', detail };
}

function notACloudEvent(): ParsedEnvelope {
  const detail = 'The request is no CloudEvent 1.0: id, source, specversion or type is missing.';
  return { ok: false, reason: 'not_an_event', detail };
}
