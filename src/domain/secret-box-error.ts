export type SecretBoxErrorReason = 'malformed' | 'unknown_key' | 'not_authentic' | 'bad_master_key';

/** Why a secret could not be sealed or opened. The message never holds a secret or a key. */
export class SecretBoxError extends Error {
  override readonly name = 'SecretBoxError';
  readonly reason: SecretBoxErrorReason;

  constructor(reason: SecretBoxErrorReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
