/** The way of a provider's request through the receiver: handshake, or verification and event. */
import type { InboundBody } from '../../../src/protocol/inbound/body.ts';
import type { HandshakeReply } from '../../../src/protocol/inbound/handshake/handshake.ts';
import type { Reply } from '../replies.ts';
import type { Door, ProviderEvent, ReceivedRequest, Refused } from './door.ts';

export type Passage =
  | { readonly kind: 'event'; readonly event: ProviderEvent; readonly accepted: Reply }
  | { readonly kind: 'handshake'; readonly reply: Reply }
  | ({ readonly kind: 'refused' } & Omit<Refused, 'reason'> & {
        readonly reason: Refused['reason'] | 'confirmation_failed';
        readonly provider: string;
      });

export interface Entrance {
  enter(request: ReceivedRequest, now: number): Promise<Passage>;
}

export interface EntranceOptions {
  /** Asks the URL by which a provider learns that we agree. Rejects when it does not answer 2xx. */
  readonly confirm: (url: string) => Promise<void>;
  readonly onSecret: ((secret: string, provider: string) => unknown) | undefined;
}

/** Several providers at one URL are asked in their order; the first to know the request decides. */
export function createEntrance(doors: readonly Door[], options: EntranceOptions): Entrance {
  return {
    async enter(request, now) {
      let foreign: Passage | undefined;
      for (const door of doors) {
        const passage = await enterBy(door, request, now, options);
        if (passage.kind !== 'refused' || !passage.isForeign) return passage;
        foreign ??= passage;
      }
      if (foreign === undefined) throw new TypeError('An entrance needs at least one door');
      return foreign;
    },
  };
}

async function enterBy(
  door: Door,
  request: ReceivedRequest,
  now: number,
  options: EntranceOptions,
): Promise<Passage> {
  const body = door.body(request, request.safeHeaders);
  const asked = door.handshake(request, body);
  const formProblem = asked === null ? door.formProblem(request) : undefined;
  if (formProblem !== undefined) return refused(door, formProblem);
  if (asked === null || asked.requiresSignature) {
    const problem = await door.signatureProblem(request, now);
    if (problem !== undefined) return refused(door, problem);
  }
  return asked === null ? eventBy(door, request, body, now) : agree(door, asked, options);
}

function eventBy(door: Door, request: ReceivedRequest, body: InboundBody, now: number): Passage {
  if (body.ok) {
    return { kind: 'event', event: door.event(request, body, now), accepted: door.accepted };
  }
  const { detail } = body;
  return refused(door, { reason: 'malformed_body', status: 400, detail, isForeign: false });
}

async function agree(
  door: Door,
  { status, headers, body, confirm, newSecret }: HandshakeReply,
  { confirm: ask, onSecret }: EntranceOptions,
): Promise<Passage> {
  try {
    if (confirm !== undefined) await ask(confirm);
    if (newSecret !== undefined) {
      if (onSecret === undefined) throw new TypeError('The receiver has no `onSecret`');
      await onSecret(newSecret, door.name);
      door.takeSecret(newSecret);
    }
  } catch (error) {
    const detail = `The handshake could not be confirmed: ${String(error)}`;
    const provider = door.name;
    const reason = 'confirmation_failed';
    return { kind: 'refused', reason, status: 503, detail, isForeign: false, provider };
  }
  return { kind: 'handshake', reply: { status, headers, body } };
}

function refused(door: Door, problem: Refused): Passage {
  return { kind: 'refused', ...problem, provider: door.name };
}
