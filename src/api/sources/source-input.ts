/** From what a caller wrote to the settings of a source. */
import {
  DEFAULT_SOURCE_CHOICES,
  type SourceDedupe,
  type SourceSettings,
} from '../../domain/source.ts';
import { invalid } from '../problems.ts';
import type { ChangeSourceInput, CreateSourceInput } from './source-schema.ts';

export function newSourceSettings(input: CreateSourceInput): SourceSettings {
  return changedSourceSettings({ ...DEFAULT_SOURCE_CHOICES, provider: input.provider }, input);
}

/** What is left out stays; lists and maps are replaced as a whole. */
export function changedSourceSettings(
  current: SourceSettings,
  input: ChangeSourceInput,
): SourceSettings {
  const { dedupe, reply } = input;
  return {
    provider: current.provider,
    name: input.name === undefined ? current.name : input.name,
    config: input.config ?? current.config,
    ipAllowlist: input.ip_allowlist ?? current.ipAllowlist,
    dedupe: dedupe === undefined ? current.dedupe : dedupe && dedupeOf(dedupe),
    reply: reply === undefined ? current.reply : reply && replyOf(reply),
    allowUnsigned: input.allow_unsigned ?? current.allowUnsigned,
    rateLimit: input.rate_limit === undefined ? current.rateLimit : input.rate_limit,
    fields: input.fields === undefined ? current.fields : input.fields,
    maxBodyBytes: input.max_body_bytes === undefined ? current.maxBodyBytes : input.max_body_bytes,
    secretEnds: current.secretEnds,
  };
}

/** Undefined where the caller gave none. */
export function givenSecrets(input: ChangeSourceInput): readonly string[] | undefined {
  if (input.secret !== undefined) return [input.secret];
  return input.secrets;
}

function replyOf(reply: NonNullable<ChangeSourceInput['reply']>): SourceSettings['reply'] {
  const { status, content_type: contentType = null, body = null } = reply;
  return { status, contentType, body };
}

function dedupeOf({ path, header }: NonNullable<ChangeSourceInput['dedupe']>): SourceDedupe {
  if (path !== undefined) return { from: 'body', pointer: pointerFrom(path) };
  return header === undefined
    ? { from: 'body_hash' }
    : { from: 'header', name: header.toLowerCase() };
}

/** People know both spellings: `/data/id` and `data.id`, the latter also as `$.data.id`. */
function pointerFrom(path: string): string {
  if (path.startsWith('/') && path.length > 1) return path;
  const keys = path.replace(/^\$\./, '').split('.');
  if (keys.every((key) => /^[\w-]+$/.test(key))) return `/${keys.join('/')}`;
  const detail = 'is neither a JSON Pointer such as /data/id nor a path such as data.id';
  throw invalid({ pointer: '/dedupe/path', code: 'invalid', detail });
}
