import type { HttpResult } from '../domain/attempt-result.ts';
import type { Clock } from '../runtime/clock.ts';
import { Completions } from './completions.ts';
import { DeadlineWheel } from './deadline-wheel.ts';
import { BLOCKED_DETAIL } from './egress-error.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeContext } from './exchange.ts';
import type { Pools } from './pools.ts';
import type { EgressHandle, EgressRequest } from './port.ts';
import { Targets } from './targets.ts';

/** Sends requests over pooled connections and hands each result out once. */
export class EgressClient {
  readonly #pools: Pools;
  readonly #targets = new Targets();
  readonly #wheel: DeadlineWheel;
  readonly #context: ExchangeContext;
  #isClosed = false;

  constructor(clock: Clock, pools: Pools) {
    const completions = new Completions(complete);
    this.#pools = pools;
    this.#wheel = new DeadlineWheel(clock);
    this.#context = {
      clock,
      wheel: this.#wheel,
      onSettled: (exchange) => completions.push(exchange),
    };
  }

  send(request: EgressRequest, done: (result: HttpResult) => void): EgressHandle {
    const target = this.#targets.get(request.url);
    const exchange = new Exchange(this.#context, request, target.path, done);
    if (this.#isClosed) exchange.abort();
    else if (!exchange.isSendable) {
      exchange.fail('blocked', 'the request header "host" is not allowed');
    } else if (!target.isHttp) {
      exchange.fail('blocked', BLOCKED_DETAIL);
    } else if (request.identity !== undefined && request.url.protocol !== 'https:') {
      exchange.fail('blocked', 'a client certificate can only be shown over https');
    } else {
      const { poolScope = '', identity = null } = request;
      exchange.pool = this.#pools.get(target, poolScope, identity);
      exchange.pool.start(exchange);
    }
    return exchange;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const entry of this.#wheel.drain()) if (entry instanceof Exchange) entry.abort();
    await this.#pools.close();
  }
}

function complete(exchange: Exchange): void {
  exchange.pool?.release(exchange);
  if (exchange.result !== null) exchange.done(exchange.result);
}
