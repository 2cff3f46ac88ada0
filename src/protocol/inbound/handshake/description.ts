/** How a provider asks, before or between events, whether the URL is ours. */

export type HandshakeDescription =
  /**
   * POST of a JSON object whose `/type` says that it is a challenge; the answer repeats the text
   * under `field` as JSON (Slack, MCP triggers).
   */
  | {
      readonly kind: 'json-challenge';
      readonly type: string;
      readonly field: string;
      /** Whether the request carries a valid signature. */
      readonly signed: boolean;
    }
  /** W3C WebSub: GET with `hub.mode`, `hub.topic`, `hub.challenge`. */
  | { readonly kind: 'websub' }
  /** Meta: GET with `hub.mode=subscribe`, `hub.verify_token`, `hub.challenge`. */
  | { readonly kind: 'meta' }
  /** CloudEvents web hooks: OPTIONS with `WebHook-Request-Origin`. */
  | { readonly kind: 'cloudevents-options' }
  /** GET, OPTIONS or POST with a token in the query, which is the body of the answer. */
  | {
      readonly kind: 'query-echo';
      readonly method: 'GET' | 'POST';
      readonly parameter: string;
    }
  /** Shared Signals: a verification event inside a signed token. */
  | { readonly kind: 'ssf-verification' }
  /** HEAD of the URL. */
  | { readonly kind: 'head' }
  /** Discord: `{"type":1}` for interactions, `{"type":0}` for webhook events; signed. */
  | { readonly kind: 'discord-ping' }
  /** Zoom: `endpoint.url_validation` with a `plainToken` to sign. */
  | { readonly kind: 'zoom' }
  /** X: GET with `crc_token` to sign. */
  | { readonly kind: 'x-crc' }
  /** The answer repeats a header of the request, whose value becomes the secret (Asana). */
  | { readonly kind: 'header-echo'; readonly header: string }
  /** The provider sends the secret in an unsigned POST; the owner copies it back (Notion). */
  | { readonly kind: 'token-delivery'; readonly field: string }
  /** GET with a header, whose value is answered as JSON under `field` (Okta). */
  | { readonly kind: 'header-to-json'; readonly header: string; readonly field: string }
  /** AWS SNS: a signed `SubscriptionConfirmation` with a URL to visit. */
  | { readonly kind: 'sns' }
  /** Azure Event Grid: `SubscriptionValidation` with a code to repeat. */
  | { readonly kind: 'event-grid' }
  /** An unsigned form `name=…` and nothing else, sent when the webhook is saved (WooCommerce). */
  | { readonly kind: 'unsigned-form-ping'; readonly field: string };
