/** What came in, as far as anybody who verifies it may look. */

/** Takes a lower-case name. A header that came more than once is joined with `, `. */
export type InboundHeaders = (name: string) => string | undefined;

export interface InboundRequest {
  /** Upper case. */
  readonly method: string;
  /** The whole public URL with its query, as the sender knows it. */
  readonly url: string;
  readonly headers: InboundHeaders;
  /** As it came over the wire. */
  readonly body: Uint8Array;
}
