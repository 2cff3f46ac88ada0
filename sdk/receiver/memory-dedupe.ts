/** Remembers ids in this process: bounded, gone after a restart, unknown to other processes. */
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Dedupe } from './dedupe.ts';

/** About 12 MB of ids. When full, the oldest id is forgotten first. */
export const DEFAULT_MAX_IDS = 100_000;
export const DEFAULT_TTL_MS = 24 * 60 * 60 * 1000;

export interface MemoryDedupeOptions {
  readonly maxIds?: number;
  readonly ttlMs?: number;
  readonly clock?: Clock;
}

export function memoryDedupe(options: MemoryDedupeOptions = {}): Dedupe {
  const { maxIds = DEFAULT_MAX_IDS, ttlMs = DEFAULT_TTL_MS, clock = systemClock } = options;
  // Every id lives equally long and a Map keeps insertion order, so the first one is the oldest.
  const expiresAt = new Map<string, number>();

  function forgetOld(now: number): void {
    for (const [id, expiry] of expiresAt) {
      if (expiry > now && expiresAt.size < maxIds) return;
      expiresAt.delete(id);
    }
  }

  return {
    async claim(id) {
      const now = clock.now();
      const expiry = expiresAt.get(id);
      if (expiry !== undefined && expiry > now) return 'duplicate';
      forgetOld(now);
      expiresAt.set(id, now + ttlMs);
      return 'new';
    },
    async release(id) {
      expiresAt.delete(id);
    },
  };
}
