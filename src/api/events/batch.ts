/** `POST /v1/events/batch`: many events in one request, each with a result of its own. */
import { z } from 'zod';
import type {
  Publication,
  Publisher,
  PublishResult,
  TenantRates,
} from '../../accept/publication.ts';
import { arrayElements } from '../json-elements.ts';
import { bodyText, parseJson } from '../json-body.ts';
import { toProblem } from '../problem-reply.ts';
import { Problem, problemJson } from '../problems.ts';
import { problemSchema } from '../problem-schema.ts';
import { storedWarnings, warnings } from './catalogue-check.ts';
import { readPublication, type PublicationContext } from './event-input.ts';
import { publishProblem, ruleProblem } from './publish-problem.ts';

export const NDJSON = 'application/x-ndjson';

export const batchItem = z
  .object({
    index: z.int().min(0).describe('Place of the event in the request, from 0.'),
    status: z.enum(['accepted', 'duplicate', 'rejected']),
    id: z.string().optional(),
    deliveries: z.int().optional().describe('Subscriptions it goes to.'),
    duplicate: z.boolean(),
    warnings: warnings.optional(),
    error: problemSchema.optional().describe('Why it was rejected; nothing of it was stored.'),
  })
  .meta({ id: 'BatchItem' });

export type BatchItem = z.output<typeof batchItem>;

/** One event of a batch: its own text, and the value of it, or why it can't be read. */
type Element = { readonly text: string } & (
  | { readonly value: unknown }
  | { readonly problem: Problem }
);

/** Item i uses the Idempotency-Key `KEY/i`, so that a repeated batch repeats each of its events. */
export interface BatchContext extends PublicationContext {
  readonly publisher: Publisher;
  readonly rates: TenantRates;
  readonly maxEvents: number;
  readonly maxEventBytes: number;
}

/**
 * Publishes all events at once and resolves when each has its result, in the order of the request.
 *
 * @throws Problem when the batch as a whole can't be read, when the tenant's quota is used up, or
 * when not one event could be stored because Bellwire is unavailable: then the same request may
 * simply be sent again.
 */
export async function publishBatch(
  body: Buffer,
  ndjson: boolean,
  context: BatchContext,
): Promise<BatchItem[]> {
  const text = bodyText(body);
  const elements = ndjson ? lineElements(text) : jsonElements(text);
  checkCount(elements.length, context.maxEvents);
  const refusal = context.rates.take(context.tenant, elements.length);
  if (refusal !== undefined) throw ruleProblem(refusal);
  const results = await Promise.all(
    elements.map((element, index) => publishOne(element, index, context)),
  );
  const [first] = results;
  if (first instanceof Problem && results.every(mayBeRepeated)) throw first;
  return results.map(toItem);
}

function jsonElements(text: string): Element[] {
  const values = parseJson(text);
  if (!Array.isArray(values)) {
    throw new Problem('validation_failed', 'A batch is a JSON array of events, or NDJSON.');
  }
  return arrayElements(text).map((element, index) => ({ text: element, value: values[index] }));
}

function lineElements(text: string): Element[] {
  const elements: Element[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() !== '') elements.push(lineElement(line, index + 1));
  }
  return elements;
}

function lineElement(text: string, lineNumber: number): Element {
  try {
    return { text, value: parseJson(text, `Line ${lineNumber}`) };
  } catch (error) {
    return { text, problem: toProblem(error) };
  }
}

function checkCount(count: number, max: number): void {
  if (count === 0) throw new Problem('validation_failed', 'The batch holds no event.');
  if (count > max) {
    throw new Problem(
      'validation_failed',
      `A batch holds at most ${max} events, this one ${count}.`,
    );
  }
}

type Taken = PublishResult & { kind: 'accepted' | 'duplicate' };
type ItemResult = Problem | (Taken & { readonly warningsText: string | undefined });

function publishOne(element: Element, index: number, context: BatchContext): Promise<ItemResult> {
  return new Promise((resolve) => {
    try {
      const publication = toPublication(element, index, context);
      const { warningsText } = publication;
      context.publisher.publish(publication, (result) => {
        const taken = result.kind === 'accepted' || result.kind === 'duplicate';
        resolve(taken ? { ...result, warningsText } : publishProblem(result));
      });
    } catch (error) {
      resolve(toProblem(error));
    }
  });
}

function toPublication(element: Element, index: number, context: BatchContext): Publication {
  if ('problem' in element) throw element.problem;
  const { maxEventBytes, idempotencyKey } = context;
  if (Buffer.byteLength(element.text) > maxEventBytes) {
    throw new Problem('payload_too_large', `An event may take at most ${maxEventBytes} bytes.`);
  }
  const publication = readPublication(element.text, element.value, {
    ...context,
    idempotencyKey: idempotencyKey === undefined ? undefined : `${idempotencyKey}/${index}`,
  });
  return { ...publication, quota: 'counted' };
}

const REPEATABLE: ReadonlySet<string> = new Set(['unavailable', 'quota_exceeded']);

function mayBeRepeated(result: ItemResult): boolean {
  return result instanceof Problem && REPEATABLE.has(result.code);
}

function toItem(result: ItemResult, index: number): BatchItem {
  if (result instanceof Problem) {
    return { index, status: 'rejected', duplicate: false, error: problemJson(result) };
  }
  const { kind, id, deliveries, warningsText } = result;
  const item = { index, status: kind, id, deliveries, duplicate: kind === 'duplicate' };
  return warningsText === undefined ? item : { ...item, warnings: storedWarnings(warningsText) };
}
