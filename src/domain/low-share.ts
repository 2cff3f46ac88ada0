/**
 * How much low-priority work (replays) may take of something that live work uses, too: of a lane,
 * and of the node. Live work goes first, and neither of the two ever starves.
 *
 * - While live work waits, one start in five is low, and it may fill a fifth of the room.
 * - While live work comes and finds room at once, a fifth of the room still, and one start in five
 *   or one each `floorMs`: a trickle of live events must not stretch a replay over days.
 * - Without live work, half of the room: what comes next finds the other half free.
 *
 * The functions change the record in place and allocate nothing, because live starts are counted.
 */

/** Live starts for each low one. */
export const LIVE_STARTS_PER_LOW_START = 4;
/** Of the room, while there is live work. */
export const LOW_SHARE_WHEN_BUSY = 0.2;
/** Of the room, while there is none. */
export const LOW_SHARE_WHEN_IDLE = 0.5;
/** There is live work for this long after its last start. */
export const BUSY_MS = 1_000;

export interface LowShare {
  /** Least time between two low starts that are not paid for by live ones, milliseconds. */
  readonly floorMs: number;
  /** Low attempts in flight. */
  inFlight: number;
  /** Live starts since the last low one. */
  liveStarts: number;
  /** Of the last live start, and of the last low one, on the caller's monotonic clock. */
  liveAt: number;
  lowAt: number;
}

export function createLowShare(floorMs: number): LowShare {
  return {
    floorMs,
    inFlight: 0,
    liveStarts: LIVE_STARTS_PER_LOW_START,
    liveAt: Number.NEGATIVE_INFINITY,
    lowAt: Number.NEGATIVE_INFINITY,
  };
}

export function countLiveStart(share: LowShare, now: number): void {
  share.liveStarts += 1;
  share.liveAt = now;
}

export function countLowStart(share: LowShare, now: number): void {
  share.inFlight += 1;
  share.liveStarts = 0;
  share.lowAt = now;
}

export function countLowEnd(share: LowShare): void {
  share.inFlight -= 1;
}

/** Low attempts that may be in flight: at least one, or a narrow lane would never do any. */
export function lowRoom(room: number, isBusy: boolean): number {
  const part = isBusy ? LOW_SHARE_WHEN_BUSY : LOW_SHARE_WHEN_IDLE;
  return Math.max(1, Math.floor(room * part));
}

/**
 * 0: one more low attempt may start. A finite number: milliseconds until it may. Infinity: the
 * start of live work or the end of any attempt is what to wait for.
 *
 * @param room attempts that may be in flight, live and low together.
 * @param liveWaits whether live work is queued that could start as well.
 */
export function waitForLow(share: LowShare, room: number, liveWaits: boolean, now: number): number {
  const isBusy = liveWaits || now - share.liveAt < BUSY_MS;
  if (share.inFlight >= lowRoom(room, isBusy)) return Number.POSITIVE_INFINITY;
  if (!isBusy || share.liveStarts >= LIVE_STARTS_PER_LOW_START) return 0;
  if (liveWaits) return Number.POSITIVE_INFINITY;
  return Math.max(0, Math.ceil(share.lowAt + share.floorMs - now));
}
