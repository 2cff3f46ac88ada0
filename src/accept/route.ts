/**
 * Which subscriptions an event goes to: by its type, then by the source and the filter of each that
 * has one.
 */
import { filterOf, type FilterSubject } from '../domain/filter/filter.ts';
import type { Subscription } from '../domain/subscription.ts';
import type { SubscriptionDirectory } from '../storage/subscription-registry.ts';
import type { Publication } from './publication.ts';

/**
 * @param id the event's public id.
 * @param timestamp of its envelope.
 */
export function route(
  directory: Pick<SubscriptionDirectory, 'match'>,
  publication: Publication,
  id: string,
  timestamp: string,
): readonly Subscription[] {
  const byType = directory.match(publication.tenant, publication.eventType);
  // Nothing is built or parsed for tenants that filter nothing.
  if (!byType.some(isChoosy)) return byType;
  const bySource = byType.filter((one) => wantsSource(one, publication));
  if (!bySource.some(hasFilter)) return bySource;
  const subject = subjectOf(publication, id, timestamp);
  return bySource.filter(({ filter }) => filter === null || filterOf(filter)(subject));
}

function isChoosy({ filter, sourceId }: Subscription): boolean {
  return filter !== null || sourceId !== null;
}

function wantsSource({ sourceId }: Subscription, { inbound }: Publication): boolean {
  return sourceId === null || sourceId === inbound?.sourceId;
}

function hasFilter({ filter }: Subscription): boolean {
  return filter !== null;
}

function subjectOf(publication: Publication, id: string, timestamp: string): FilterSubject {
  const { eventType, taskId, runId, status, dataText, metadataText, inbound } = publication;
  const { data = JSON.parse(dataText), metadata } = publication;
  return {
    webhook_id: id,
    event_type: eventType,
    timestamp,
    task_id: taskId,
    run_id: runId,
    status,
    source_id: inbound?.sourceId,
    provider_event_id: inbound?.providerEventId ?? undefined,
    data,
    metadata: metadata ?? (metadataText === undefined ? undefined : JSON.parse(metadataText)),
  };
}
