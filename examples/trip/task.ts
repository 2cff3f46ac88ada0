/** What the two agents have agreed on: a trip is a run, each of its parts is a task. */
import { z } from 'zod';
import type { PublishEvent } from '../../sdk/client/index.ts';
import type { WebhookEvent } from '../../sdk/receiver/index.ts';

export const PARTS = ['flight', 'hotel', 'car'] as const;
export type Part = (typeof PARTS)[number];

/** From the assistant to the travel agent. */
export const ORDERS = ['task.requested', 'task.cancel_requested'] as const;
/** From the travel agent to the assistant. */
export const REPORTS = [
  'task.started',
  'task.progress',
  'task.completed',
  'task.failed',
  'task.cancelled',
] as const;

export type TaskEventType = (typeof ORDERS)[number] | (typeof REPORTS)[number];

const STATUS: Record<TaskEventType, string> = {
  'task.requested': 'requested',
  'task.cancel_requested': 'cancelling',
  'task.started': 'running',
  'task.progress': 'running',
  'task.completed': 'success',
  'task.failed': 'failed',
  'task.cancelled': 'cancelled',
};

const taskData = z.object({
  part: z.enum(PARTS),
  /** What happened or why, for people. */
  note: z.string(),
  price_eur: z.number().default(0),
});

export interface Task extends z.output<typeof taskData> {
  readonly tripId: string;
  /** When it happened, milliseconds since the Unix epoch. */
  readonly at: number;
}

/** @throws Error when the event is not one the agents have agreed on. */
export function readTask(event: WebhookEvent): Task {
  const tripId = z.string().parse(event.run_id);
  return { ...taskData.parse(event.data), tripId, at: Date.parse(event.timestamp) };
}

export function taskIdOf(tripId: string, part: Part): string {
  return `${tripId}-${part}`;
}

export function taskEvent(
  type: TaskEventType,
  tripId: string,
  data: z.input<typeof taskData>,
): PublishEvent {
  return {
    event_type: type,
    task_id: taskIdOf(tripId, data.part),
    run_id: tripId,
    status: STATUS[type],
    data,
  };
}
