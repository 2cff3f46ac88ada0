/**
 * Watches thousands of bank accounts within one quota: a single poll source, and an alert when a
 * balance passes a limit. Starts a Bellwire and a bank of its own.
 *
 * `--accounts 3000 --requests 600 --per-seconds 60` are the defaults: five minutes for a round.
 * With `--per-seconds 3` a round takes fifteen seconds.
 */
import { parseArgs } from 'node:util';
import { Bellwire } from '../../sdk/client/index.ts';
import { startAgent } from '../trip/agent.ts';
import { startBellwire, type BellwireProcess } from '../trip/bellwire-process.ts';
import { Bank } from './bank.ts';

const API_KEY = 'the key the bank gave us';
/** Won. */
const LIMIT = 1_000_000;
const RICH_ACCOUNTS = 5;
/** What the pace of the budget, jitter and a busy machine may add to a round. */
const SLACK = 3;
const START_SECONDS = 30;

const { values } = parseArgs({
  options: {
    accounts: { type: 'string', default: '3000' },
    requests: { type: 'string', default: '600' },
    'per-seconds': { type: 'string', default: '60' },
  },
});
const accounts = Number(values.accounts);
const requests = Number(values.requests);
const perSeconds = Number(values['per-seconds']);
const roundSeconds = (accounts / requests) * perSeconds;

/** The bank counts what arrives, we what we send: a little room for requests that bunch up. */
const budgetRequests = Math.floor(requests * 0.95);

async function main(): Promise<void> {
  await using bank = new Bank({ accounts, apiKey: API_KEY, requests, perSeconds });
  await bank.start();
  await using bellwire = await startBellwire();
  const alerts = Promise.withResolvers<void>();
  const seen = new Map<string, number>();
  const startedAt = performance.now();
  await using agent = await startAgent({
    name: 'treasurer',
    client: new Bellwire({ baseUrl: bellwire.url, apiKey: bellwire.adminKey }),
    eventTypes: ['bank.balance_high'],
    on: {
      'bank.balance_high': ({ data }) => {
        const { resource, number } = readAlert(data);
        seen.set(resource, (seen.get(resource) ?? 0) + 1);
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
        console.log(`account ${resource} holds ${number} won (after ${seconds} s)`);
        if (seen.size === RICH_ACCOUNTS) alerts.resolve();
      },
    },
    onError: alerts.reject,
  });
  const sourceId = await createSource(bellwire, bank.url);
  console.log(`${accounts} accounts, ${requests} requests in ${perSeconds} s: source ${sourceId}`);
  console.log(`alerts go to subscription ${agent.subscriptionId}`);
  const rich = chosenAccounts();
  for (const account of rich) bank.deposit(account, 600_000);
  await within(alerts.promise, roundSeconds * SLACK + START_SECONDS);
  report(bank, rich, seen);
}

/** Spread over all of them, so that somebody is last. */
function chosenAccounts(): number[] {
  const step = Math.floor(accounts / RICH_ACCOUNTS);
  return Array.from({ length: RICH_ACCOUNTS }, (_, n) => accounts - 1 - n * step);
}

async function createSource({ url, adminKey }: BellwireProcess, bankUrl: string): Promise<string> {
  const response = await fetch(`${url}/v1/sources`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      provider: 'poll',
      name: 'balances',
      credentials: { api_key: API_KEY },
      config: {
        url: `${bankUrl}/accounts/{resource}/balance`,
        headers: { authorization: 'Bearer {secret:api_key}' },
        resources: Array.from({ length: accounts }, (_, n) => String(n)),
        select: '$.balance.amount',
        emit: { threshold: { op: '>=', value: LIMIT, hysteresis: 50_000 } },
        interval_seconds: Math.max(1, Math.ceil(roundSeconds)),
        budget: { requests: budgetRequests, per_seconds: perSeconds, credential: 'bank' },
        event_type: 'bank.balance_high',
      },
    }),
  });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`the source was refused: ${text}`);
  const { id }: { id: string } = JSON.parse(text);
  return id;
}

function readAlert(data: unknown): { resource: string; number: number } {
  if (typeof data !== 'object' || data === null) throw new TypeError('an alert without data');
  const { resource, number }: Record<string, unknown> = { ...data };
  if (typeof resource === 'string' && typeof number === 'number') return { resource, number };
  throw new TypeError(`an odd alert: ${JSON.stringify(data)}`);
}

async function within(promise: Promise<void>, seconds: number): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`not all alerts came within ${seconds} s`));
  }, seconds * 1000);
  await Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

function report(bank: Bank, rich: readonly number[], seen: ReadonlyMap<string, number>): void {
  const repeated = [...seen.values()].filter((times) => times > 1).length;
  const strangers = [...seen.keys()].filter((account) => !rich.includes(Number(account))).length;
  console.log(`${seen.size} alerts, ${repeated} repeated, ${strangers} wrong`);
  console.log(`busiest window: ${bank.busiest} of ${requests} requests`);
  console.log(`refused for too many requests: ${bank.answered.get(429) ?? 0}`);
}

await main();
