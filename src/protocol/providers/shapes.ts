/** The ways of signing that many providers share. */
import { DEFAULT_TOLERANCE_SECONDS } from '../inbound/code/instants.ts';
import type {
  AnyScheme,
  HashName,
  HmacScheme,
  SecretForm,
  SignatureEncoding,
  TimestampRule,
  TokenScheme,
} from '../inbound/scheme.ts';

/** Standard Webhooks, under headers that begin with `prefix`. */
export function standardShape(prefix = 'webhook', key: SecretForm = 'standard'): HmacScheme {
  return {
    kind: 'hmac',
    hash: 'sha256',
    content: '{id}.{timestamp}.{body}',
    key,
    signature: {
      at: { headers: [`${prefix}-signature`] },
      layout: { kind: 'list', separator: ' ', prefix: 'v1,' },
      encoding: 'base64',
    },
    timestamp: headerTime(`${prefix}-timestamp`),
    idHeaders: [`${prefix}-id`],
  };
}

export interface BodyShape {
  readonly prefix?: string;
  readonly encoding?: SignatureEncoding;
  readonly hash?: HashName;
  readonly key?: SecretForm;
  readonly content?: string;
  readonly timestamp?: TimestampRule;
}

/** An HMAC in a header of its own; over the body alone unless `content` says more. */
export function headerShape(
  headers: string | readonly string[],
  shape: BodyShape = {},
): HmacScheme {
  const { prefix = '', encoding = 'hex', hash = 'sha256', key = 'text' } = shape;
  return {
    kind: 'hmac',
    hash,
    content: shape.content ?? '{body}',
    key,
    signature: {
      at: { headers: typeof headers === 'string' ? [headers] : headers },
      layout: { kind: 'single', prefix },
      encoding,
    },
    timestamp: shape.timestamp ?? null,
  };
}

/** Several versions in one header, `v1=<hex>,v2=<hex>`, of which one is known. */
export function versionsShape(header: string, prefix: string, shape: BodyShape = {}): HmacScheme {
  const base = headerShape(header, shape);
  return {
    ...base,
    signature: { ...base.signature, layout: { kind: 'list', separator: ',', prefix } },
  };
}

export interface FieldsShape {
  /** Names of the fields with the time and with the signature. */
  readonly time?: string;
  readonly signature?: string;
  readonly separator?: string;
  readonly spaced?: boolean;
  readonly content?: string;
  readonly encoding?: SignatureEncoding;
  readonly unit?: TimestampRule['unit'];
  readonly toleranceSeconds?: number;
}

/** `t=<time>,v1=<hex>` over `{timestamp}.{body}`, as Stripe began it. */
export function fieldsShape(header: string, shape: FieldsShape = {}): HmacScheme {
  const { time = 't', signature = 'v1', separator = ',', spaced = false } = shape;
  return {
    kind: 'hmac',
    hash: 'sha256',
    content: shape.content ?? '{timestamp}.{body}',
    key: 'text',
    signature: {
      at: { headers: [header] },
      layout: { kind: 'fields', separator, assign: '=', signature, timestamp: time, spaced },
      encoding: shape.encoding ?? 'hex',
    },
    timestamp: {
      at: 'signature',
      unit: shape.unit ?? 's',
      toleranceSeconds: shape.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS,
    },
  };
}

export function headerTime(
  header: string,
  unit: TimestampRule['unit'] = 's',
  toleranceSeconds = DEFAULT_TOLERANCE_SECONDS,
): TimestampRule {
  return { at: { header }, unit, toleranceSeconds };
}

export function headerToken(header: string, prefix = ''): TokenScheme {
  return { kind: 'token', at: { header, prefix } };
}

/** Basic or Bearer, as the owner set it up at the provider. */
export const BASIC_OR_BEARER: AnyScheme = {
  kind: 'any',
  of: [{ kind: 'token', at: { basic: true } }, headerToken('authorization', 'Bearer ')],
};

/** A token in a header or in the URL, under names that the owner chose. */
export const CHOSEN_TOKEN: AnyScheme = {
  kind: 'any',
  of: [
    headerToken('{config.header|x-webhook-secret}'),
    { kind: 'token', at: { query: '{config.parameter|token}' } },
  ],
};

export const CHOSEN_TOKEN_SETTINGS = [
  {
    name: 'header',
    required: false,
    meaning: 'Header that carries the secret; x-webhook-secret when left out.',
  },
  {
    name: 'parameter',
    required: false,
    meaning: 'Parameter of the URL that carries the secret; token when left out.',
  },
];
