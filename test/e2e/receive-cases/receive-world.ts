/** A tenant of a case with sources, on top of what sending cases have. */
import assert from 'node:assert/strict';
import { CaseTenant, listOf, type CaseContext, type Json } from '../send-cases/case-world.ts';
import { send, type Answer, type Sent } from './senders.ts';

export type ReceiveCases = Readonly<
  Record<string, (tenant: ReceiveTenant, context: CaseContext) => Promise<void>>
>;

export class ReceiveTenant {
  readonly case: CaseTenant;

  constructor(tenant: CaseTenant) {
    this.case = tenant;
  }

  async source(fields: Json): Promise<Json & { readonly id: string; readonly url: string }> {
    const made = await this.case.expect(201, '/v1/sources', { body: fields });
    return { ...made, id: String(made['id']), url: String(made['url']) };
  }

  /** @throws AssertionError quoting an answer with another status. */
  async taken(url: string, sent: Sent, status = 200): Promise<Answer> {
    const answer = await send(url, sent);
    assert.equal(answer.status, status, answer.text);
    return answer;
  }

  async events(query = ''): Promise<Json[]> {
    return listOf(await this.case.expect(200, `/v1/events?limit=250${query}`));
  }

  async inbound(query = ''): Promise<Json[]> {
    return listOf(await this.case.expect(200, `/v1/inbound-requests?limit=250${query}`));
  }

  /** How many requests there are of each status. */
  async statuses(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { status } of await this.inbound()) {
      counts[String(status)] = (counts[String(status)] ?? 0) + 1;
    }
    return counts;
  }
}
