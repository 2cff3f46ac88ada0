/**
 * The contract of everything long-lived. Both calls are idempotent; `stop` resolves when no work
 * of the service is left running, and is safe before `start`.
 */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}
