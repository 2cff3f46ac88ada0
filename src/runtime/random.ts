/** The port to randomness. */
export interface Random {
  /** A number in [0, 1). For jitter; not for secrets. */
  unit(): number;
  /** Cryptographically strong bytes. */
  bytes(length: number): Uint8Array;
}
