import type { Dispatcher } from 'undici';
import type { HttpResult, TransportFailure } from '../domain/attempt-result.ts';
import type { Clock } from '../runtime/clock.ts';
import { NO_DEADLINE } from './deadline-wheel.ts';
import type { DeadlineEntry, DeadlineWheel } from './deadline-wheel.ts';
import { transferError } from './egress-error.ts';
import { MAX_CONNECTIONS_PER_GROUP, MAX_REQUEST_TIMEOUT_MS, MAX_RESPONSE_BYTES } from './limits.ts';
import { outgoingHeaders, plainHeaders } from './headers.ts';
import type { ReceivedHeaders } from './headers.ts';
import type { Connection, OriginPool } from './origin-pool.ts';
import type { EgressHandle, EgressRequest } from './port.ts';

/** What all exchanges of one client share. */
export interface ExchangeContext {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  /** Called once for each exchange, as soon as its result is known. */
  onSettled(exchange: Exchange): void;
}

/** Requests that name no group share this one. */
const NO_GROUP = -1;

const NO_BYTES = new Uint8Array(0);
const BODY_CUT = new Error('the response body is longer than what is kept');
const ENDED_BY_US = new Error('the request was ended before its response');

/**
 * One request and its response: the only object the hot path creates, serving as the parser's
 * handler, the deadline entry and the caller's handle in one.
 */
export class Exchange implements Dispatcher.DispatchHandler, DeadlineEntry, EgressHandle {
  deadlineTick = NO_DEADLINE;
  previous: DeadlineEntry | null = null;
  next: DeadlineEntry | null = null;

  readonly dispatchOptions: Dispatcher.DispatchOptions;
  readonly maxConnections: number;
  readonly limitGroup: number;
  readonly done: (result: HttpResult) => void;
  /** Known from the moment `onSettled` is called. */
  result: HttpResult | null = null;
  /** Monotonic milliseconds. */
  endedAt = 0;
  /** Where the connection comes from; `null` when the request was refused before. */
  pool: OriginPool | null = null;
  /** Set by the pool while it lends the exchange a connection. */
  connection: Connection | null = null;

  readonly #context: ExchangeContext;
  readonly #startedAt: number;
  readonly #timeoutMs: number;
  readonly #maxBodyBytes: number;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #headers: ReceivedHeaders | null = null;
  #body: Uint8Array = NO_BYTES;
  #moreBody: Uint8Array[] | null = null;
  #bodyLength = 0;

  constructor(
    context: ExchangeContext,
    request: EgressRequest,
    path: string,
    done: (result: HttpResult) => void,
  ) {
    this.#context = context;
    this.done = done;
    this.dispatchOptions = {
      path,
      method: request.method,
      headers: outgoingHeaders(request.headers),
      body: request.body,
    };
    this.maxConnections = Math.min(Math.max(1, request.maxConnections), MAX_CONNECTIONS_PER_GROUP);
    this.limitGroup = request.limitGroup ?? NO_GROUP;
    // The comparison is written so that NaN falls to the short side.
    this.#timeoutMs =
      request.timeoutMs >= 1 ? Math.min(request.timeoutMs, MAX_REQUEST_TIMEOUT_MS) : 1;
    this.#maxBodyBytes = request.maxResponseBytes ?? MAX_RESPONSE_BYTES;
    this.#startedAt = context.clock.monotonic();
    context.wheel.add(this, this.#startedAt + this.#timeoutMs);
  }

  /** Whether its headers may be sent. */
  get isSendable(): boolean {
    return this.dispatchOptions.headers !== null;
  }

  /** Whether the request was handed to a connection that is ready for it. */
  get isOnTheWire(): boolean {
    return this.#controller !== null;
  }

  abort(): void {
    this.#end('reset', 'aborted by shutdown');
  }

  onDeadline(): void {
    this.#end('timeout', `no complete response within ${this.#timeoutMs} ms`);
  }

  /** Ends the exchange without a response. No effect once it has a result. */
  fail(reason: TransportFailure, detail: string): void {
    if (this.result !== null) return;
    this.endedAt = this.#context.clock.monotonic();
    const durationMs = this.endedAt - this.#startedAt;
    this.#settle({ kind: 'failure', reason, detail, durationMs });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Throwing takes the request back before a byte of it is written and spares the connection.
    if (this.result !== null) throw ENDED_BY_US;
    this.#controller = controller;
  }

  onResponseStart(_: unknown, status: number, headers: ReceivedHeaders): void {
    // Interim responses (1xx) come here as well and are overwritten by the final one.
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.result !== null) return;
    const room = this.#maxBodyBytes - this.#bodyLength;
    this.#keep(chunk.length <= room ? chunk : chunk.subarray(0, room));
    if (chunk.length <= room) return;
    this.#respond();
    controller.abort(BODY_CUT);
  }

  onResponseEnd(): void {
    this.#respond();
  }

  onResponseError(_: unknown, error: Error): void {
    if (this.result !== null) return;
    const { reason, message } = transferError(error);
    this.fail(reason, message);
  }

  #end(reason: TransportFailure, detail: string): void {
    if (this.result !== null) return;
    this.fail(reason, detail);
    this.#controller?.abort(ENDED_BY_US);
  }

  #keep(chunk: Uint8Array): void {
    if (this.#bodyLength === 0) this.#body = chunk;
    else if (this.#moreBody === null) this.#moreBody = [this.#body, chunk];
    else this.#moreBody.push(chunk);
    this.#bodyLength += chunk.length;
  }

  #respond(): void {
    if (this.result !== null) return;
    this.endedAt = this.#context.clock.monotonic();
    this.#settle({
      kind: 'response',
      status: this.#status,
      headers: plainHeaders(this.#headers),
      body: this.#moreBody === null ? this.#body : Buffer.concat(this.#moreBody),
      durationMs: this.endedAt - this.#startedAt,
    });
  }

  #settle(result: HttpResult): void {
    this.result = result;
    this.#context.wheel.remove(this);
    this.#context.onSettled(this);
  }
}
