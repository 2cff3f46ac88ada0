/** What was asked for, as it is stored with its replay. */
import type { ReplayRequest } from '../replay-control.ts';

export function writeRequest(request: ReplayRequest): string {
  return JSON.stringify(request);
}

/** @param text what `writeRequest` wrote, perhaps in an earlier version. */
export function readRequest(text: string): ReplayRequest {
  const request: ReplayRequest = JSON.parse(text);
  return request;
}
