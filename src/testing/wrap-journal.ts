/** A journal in which some methods do something else. */
import type { JournalStore } from '../storage/journal.ts';

export function wrapJournal(journal: JournalStore, changed: Partial<JournalStore>): JournalStore {
  return new Proxy(journal, {
    get(target, name) {
      const own: unknown = Reflect.get(changed, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
