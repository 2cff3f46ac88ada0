/** The parts of a custom scheme: where signature and time stand, and how they are written. */
import { DEFAULT_TOLERANCE_SECONDS } from './code/instants.ts';
import type { ObjectReader } from './custom-reader.ts';
import type {
  SignatureEncoding,
  SignatureLayout,
  SignaturePlace,
  SignatureSource,
  TimestampRule,
} from './scheme.ts';

const ENCODINGS: readonly SignatureEncoding[] = ['hex', 'base64', 'base64url'];
const UNITS: readonly TimestampRule['unit'][] = ['s', 'ms', 'iso8601'];
export const MAX_TOLERANCE_SECONDS = 86_400;
export const MAX_SIGNATURE_HEADERS = 8;

/** @throws TypeError `/place: what to write instead`. */
export function customSignature(reader: ObjectReader): SignatureSource {
  const source = {
    at: place(reader),
    layout: layoutOf(reader),
    encoding: reader.oneOf('encoding', ENCODINGS),
  };
  reader.end();
  return source;
}

function place(reader: ObjectReader): SignaturePlace {
  const where = reader.only(['header', 'headers', 'json', 'query']);
  if (where === 'json') return { json: reader.pointer('json') };
  if (where === 'query') return { query: reader.text('query') };
  if (where === 'header') return { headers: [reader.header('header')] };
  const list = reader.value('headers');
  if (!Array.isArray(list) || list.length < 1 || list.length > MAX_SIGNATURE_HEADERS) {
    throw reader.wrong('headers', `write a list of 1 to ${MAX_SIGNATURE_HEADERS} names`);
  }
  const names: readonly unknown[] = list;
  return { headers: names.map((name, index) => headerAt(reader, name, index)) };
}

function headerAt(reader: ObjectReader, name: unknown, index: number): string {
  if (typeof name === 'string' && /^[0-9A-Za-z_-]{1,128}$/.test(name)) return name.toLowerCase();
  throw reader.wrong(`headers/${index}`, 'write the name of a header, such as x-signature');
}

function layoutOf(reader: ObjectReader): SignatureLayout {
  if (reader.has('fields')) return fieldsLayout(reader.object('fields'));
  const prefix = reader.text('prefix', '');
  if (!reader.has('separator')) return { kind: 'single', prefix };
  return { kind: 'list', separator: mark(reader, 'separator'), prefix };
}

function fieldsLayout(reader: ObjectReader): SignatureLayout {
  const layout = {
    kind: 'fields',
    separator: mark(reader, 'separator', ','),
    assign: mark(reader, 'assign', '='),
    signature: fieldName(reader, 'signature'),
    timestamp: reader.has('timestamp') ? fieldName(reader, 'timestamp') : null,
    spaced: reader.flag('spaced'),
  } as const;
  reader.end();
  if (layout.separator === layout.assign) {
    throw reader.wrong('assign', 'write another mark than the separator');
  }
  if (layout.signature === layout.timestamp) {
    throw reader.wrong('timestamp', 'write another field than that of the signature');
  }
  return layout;
}

function mark(reader: ObjectReader, member: string, otherwise?: string): string {
  const text = reader.text(member, otherwise);
  if (/^[^0-9A-Za-z]{1,3}$/.test(text)) return text;
  throw reader.wrong(member, 'write 1 to 3 marks, such as a comma; no letters or digits');
}

function fieldName(reader: ObjectReader, member: string): string {
  const text = reader.text(member);
  if (/^[0-9A-Za-z_-]{1,64}$/.test(text)) return text;
  throw reader.wrong(member, 'write the name of a field, such as v1');
}

/** @throws TypeError `/place: what to write instead`. */
export function customTimestamp(reader: ObjectReader): TimestampRule {
  const where = reader.only(['header', 'json', 'in_signature']);
  const rule = {
    at: timestampPlace(reader, where),
    unit: reader.oneOf('unit', UNITS, 's'),
    toleranceSeconds: reader.whole(
      'tolerance_seconds',
      DEFAULT_TOLERANCE_SECONDS,
      1,
      MAX_TOLERANCE_SECONDS,
    ),
  };
  reader.end();
  return rule;
}

function timestampPlace(
  reader: ObjectReader,
  where: 'header' | 'json' | 'in_signature',
): TimestampRule['at'] {
  if (where === 'header') return { header: reader.header('header') };
  if (where === 'json') return { json: reader.pointer('json') };
  if (reader.flag('in_signature')) return 'signature';
  throw reader.wrong('in_signature', 'write true, or another place for the timestamp');
}
