/** A control plane whose writes fail now and then, before or after they were done. */
import type { ControlStore } from '../storage/control.ts';
import { StorageError } from '../storage/storage.ts';
import type { JournalFate } from './faulty-journal.ts';

export type ControlFate = Pick<JournalFate, 'fault' | 'failure'>;

const WRITES: ReadonlySet<PropertyKey> = new Set<keyof ControlStore>([
  'insertSubscription',
  'updateSubscription',
  'insertSource',
  'updateSource',
]);

/** @param fate what befalls the next write; it takes no time. */
export function faultyControl(control: ControlStore, fate: () => ControlFate): ControlStore {
  return new Proxy(control, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const call: unknown = value.bind(target);
      if (!WRITES.has(name) || !isCall(call)) return call;
      return async (...parameters: unknown[]) => {
        const { fault, failure = 'busy' } = fate();
        if (fault === 'before') throw new StorageError(failure, 'the simulated disk refused');
        const result = await call(...parameters);
        if (fault === 'after') {
          throw new StorageError(failure, 'the simulated disk lost its answer');
        }
        return result;
      };
    },
  });
}

function isCall(value: unknown): value is (...parameters: unknown[]) => Promise<unknown> {
  return typeof value === 'function';
}
