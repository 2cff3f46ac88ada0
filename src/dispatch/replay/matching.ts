/** Which deliveries of an event a replay is about, as subscriptions are by now. */
import { filterOf, type FilterSubject } from '../../domain/filter/filter.ts';
import { parseRecordId } from '../../domain/ids.ts';
import { compilePatterns } from '../../domain/routing.ts';
import type { JournalStore } from '../../storage/journal.ts';
import type { Candidate } from '../../storage/replays.ts';
import type { SubscriptionDirectory } from '../../storage/subscription-registry.ts';
import type { ReplayRequest } from '../replay-control.ts';

interface Options {
  readonly directory: SubscriptionDirectory;
  readonly journal: Pick<JournalStore, 'contents'>;
}

/** Sent by hand to one subscription alone: nobody else has ever been meant. */
const ADDRESSED_TYPE = 'bellwire.test';

export class Matching {
  readonly #options: Options;
  readonly #tenant: number;
  readonly #request: ReplayRequest;
  readonly #wantsType: (eventType: string) => boolean;

  constructor(options: Options, tenant: number, request: ReplayRequest) {
    this.#options = options;
    this.#tenant = tenant;
    this.#request = request;
    this.#wantsType =
      request.eventTypes === null ? () => true : compilePatterns(request.eventTypes);
  }

  /** Numbers of the subscriptions, in order. */
  async subscriptions(event: Candidate): Promise<readonly number[]> {
    const { since, until, taskId, filter, statuses } = this.#request;
    const { createdAt, eventType } = event;
    if (createdAt < since || createdAt >= until || !this.#wantsType(eventType)) return [];
    if (taskId !== null && event.taskId !== taskId) return [];
    const subject = new LazySubject(this.#options.journal, event);
    if (filter !== null) {
      const parsed = await subject.get();
      if (parsed === undefined || !filterOf(filter)(parsed)) return [];
    }
    return statuses === null ? this.#routed(event, subject) : event.subscriptions;
  }

  async #routed(event: Candidate, subject: LazySubject): Promise<readonly number[]> {
    const { directory } = this.#options;
    const { subscription: only } = this.#request;
    if (event.eventType === ADDRESSED_TYPE) return [];
    const numbers: number[] = [];
    for (const { number, filter, sourceId } of directory.match(this.#tenant, event.eventType)) {
      if (only !== null && number !== only) continue;
      if (!isFrom(sourceId, event.source)) continue;
      if (filter !== null) {
        const parsed = await subject.get();
        if (parsed === undefined || !filterOf(filter)(parsed)) continue;
      }
      numbers.push(number);
    }
    return numbers.toSorted((a, b) => a - b);
  }
}

/** @param sourceId what the subscription asks for, null for anything. */
function isFrom(sourceId: string | null, source: number | null): boolean {
  return sourceId === null || parseRecordId('src', sourceId)?.number === source;
}

/** The event as filters see it: read and parsed when the first one asks. */
class LazySubject {
  readonly #journal: Pick<JournalStore, 'contents'>;
  readonly #event: Candidate;
  #subject: Promise<FilterSubject | undefined> | undefined;

  constructor(journal: Pick<JournalStore, 'contents'>, event: Candidate) {
    this.#journal = journal;
    this.#event = event;
  }

  /** Undefined when the event is no longer stored. */
  get(): Promise<FilterSubject | undefined> {
    this.#subject ??= this.#read();
    return this.#subject;
  }

  async #read(): Promise<FilterSubject | undefined> {
    const { sequence, metadata } = this.#event;
    const [content] = await this.#journal.contents([sequence]);
    if (content === undefined) return undefined;
    const { body } = content;
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
    const envelope: FilterSubject = JSON.parse(text);
    return metadata === null ? envelope : { ...envelope, metadata: JSON.parse(metadata) };
  }
}
