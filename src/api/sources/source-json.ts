/** A source as readers see it. Secrets never come here. */
import type { z } from 'zod';
import { DEFAULT_INBOUND_BODY_BYTES } from '../../domain/limits-ingest.ts';
import { liveSecrets, type Source, type SourceDedupe } from '../../domain/source.ts';
import { POLL_PROVIDER } from '../../domain/poll/settings.ts';
import { isoTime } from '../common-schema.ts';
import { INBOUND_PREFIX } from '../inbound/entrance.ts';
import type { sourceOutput } from './source-schema.ts';

/** Settings that are credentials by themselves, by the words they are named with. */
const CREDENTIAL = /token|secret|password|api_?key|private/i;
const HIDDEN = '(hidden)';

/** @param publicUrl without a slash at the end. @param now wall clock, milliseconds. */
export function sourceJson(
  source: Source,
  publicUrl: string,
  now: number,
): z.output<typeof sourceOutput> {
  const { reply, fields, maxBodyBytes } = source;
  const live = liveSecrets(source, now);
  const ends = live.flatMap(({ endsAt }) => (endsAt === null ? [] : [endsAt]));
  return {
    id: source.id,
    provider: source.provider,
    name: source.name,
    url:
      source.token === '' || source.provider === POLL_PROVIDER
        ? null
        : `${publicUrl}${INBOUND_PREFIX}${source.token}`,
    status: source.status,
    locked_reason: source.lockedReason,
    config: shownConfig(source.config),
    ip_allowlist: [...source.ipAllowlist],
    dedupe: source.dedupe === null ? null : dedupeJson(source.dedupe),
    reply:
      reply === null
        ? null
        : { status: reply.status, content_type: reply.contentType, body: reply.body },
    allow_unsigned: source.allowUnsigned,
    rate_limit: source.rateLimit,
    fields: fields === null ? null : [...fields],
    max_body_bytes: maxBodyBytes ?? DEFAULT_INBOUND_BODY_BYTES,
    credentials: Object.keys(source.credentials ?? {}),
    live_secrets: live.length,
    previous_secrets_expire_at: ends.length === 0 ? null : isoTime(Math.max(...ends)),
    created_at: isoTime(source.createdAt),
    updated_at: isoTime(source.updatedAt),
  };
}

function shownConfig(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      CREDENTIAL.test(name) && typeof value === 'string' ? HIDDEN : value,
    ]),
  );
}

function dedupeJson(dedupe: SourceDedupe) {
  switch (dedupe.from) {
    case 'body':
      return { path: dedupe.pointer };
    case 'header':
      return { header: dedupe.name };
    case 'body_hash':
      return { body: true as const };
  }
}
