/** Microseconds on the load process's monotonic clock; generator and sink share it. */
export function nowMicros(): number {
  return performance.now() * 1000;
}
