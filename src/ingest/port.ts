/** The front door as those see it who carry requests to it. */

import type { SenderCertificate } from '../domain/sender-certificate.ts';

/** What is known of a request before its body is read. */
export interface RequestHead {
  /** Upper case. */
  readonly method: string;
  /** What stands behind `/in/` in the path. */
  readonly token: string;
  /** Path and query, as they came. */
  readonly target: string;
  /** By lower-case name, as Node's parser gives them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Name and value by turns, as they came. */
  readonly rawHeaders: readonly string[];
  /** The other end of the connection. */
  readonly peer: string;
  /** What the other end showed in TLS and an authority of ours vouches for. */
  readonly certificate: () => SenderCertificate | null;
}

/** The answer to a sender, ready to be written. */
export interface Reply {
  readonly kind: 'reply';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request that may go on: its body is to be read. */
export interface Admission {
  readonly kind: 'admission';
  readonly maxBodyBytes: number;
}

/** Why a body was not read to its end. */
export type BodyFailure = 'payload_too_large' | 'slow_body' | 'too_busy';

export interface FrontDoor<Admitted extends Admission = Admission> {
  /** Looks at what comes before the body. Never throws. */
  admit(head: RequestHead): Admitted | Reply;
  /**
   * Takes the request, or not; `done` runs once, after the event is stored or nothing is. Never
   * throws and never calls `done` twice.
   */
  take(admission: Admitted, body: Buffer, done: (reply: Reply) => void): void;
  /** @param bytes that came before it ended. */
  refuseBody(admission: Admitted, failure: BodyFailure, bytes: number): Reply;
}
