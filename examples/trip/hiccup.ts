/** The assistant is busy just when the good news about the hotel comes in. */
import type { Handlers } from '../../sdk/receiver/index.ts';
import { say } from './screen.ts';

export interface Hiccup {
  /** To be put among the handlers of the agent that is going to be busy. */
  readonly on: Handlers;
  /** Says yes once, to the request that follows the progress of the task. */
  readonly isBusy: () => boolean;
}

export function hiccupDuring(taskId: string): Hiccup {
  let state: 'ahead' | 'now' | 'over' = 'ahead';
  return {
    on: {
      'task.*': ({ event_type, task_id }) => {
        if (state !== 'ahead' || event_type !== 'task.progress' || task_id !== taskId) return;
        state = 'now';
      },
    },
    isBusy() {
      if (state !== 'now') return false;
      state = 'over';
      say('bellwire', 'the assistant is busy and answers 503; the event is kept and tried again');
      return true;
    },
  };
}
