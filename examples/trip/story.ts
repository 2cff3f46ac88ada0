/** Two trips: one where all goes well, and one where the flight does not. */
import type { Plans } from './travel-agent.ts';

export const GOOD_TRIP = 'trip-1';
export const BAD_TRIP = 'trip-2';

/** Milliseconds of work; see `Plan`. */
export const PLANS: Plans = {
  [GOOD_TRIP]: {
    flight: {
      steps: [{ ms: 900, note: '214 connections compared, 3 fit' }],
      end: { type: 'task.completed', note: 'TP 571, 184 €', price_eur: 184 },
    },
    hotel: {
      steps: [{ ms: 900, note: '41 hotels near the river, 5 with a free room' }],
      end: { type: 'task.completed', note: 'three nights in Alfama, 327 €', price_eur: 327 },
    },
    car: {
      steps: [{ ms: 900, note: '8 electric cars at the airport' }],
      end: { type: 'task.completed', note: 'a small one, 101 €', price_eur: 101 },
    },
  },
  // Hotel and car would go on for much longer: that they end with the flight is the point.
  [BAD_TRIP]: {
    flight: {
      steps: [{ ms: 1_200, note: '198 connections compared, 1 fits' }],
      end: { type: 'task.failed', note: 'the airline sold the last seat a moment ago' },
    },
    hotel: {
      steps: [
        { ms: 700, note: '41 hotels near the river, 2 with a free room' },
        { ms: 30_000, note: 'asking them for a quiet room' },
      ],
      end: { type: 'task.completed', note: 'three nights in Alfama, 340 €', price_eur: 340 },
    },
    car: {
      steps: [
        { ms: 900, note: '6 electric cars at the airport' },
        { ms: 30_000, note: 'comparing insurances' },
      ],
      end: { type: 'task.completed', note: 'a small one, 101 €', price_eur: 101 },
    },
  },
};
