/**
 * `t=<unix seconds>,v1=<hex>` over `timestamp.body`, as Stripe made common: one `v1` for each live
 * secret, in any order; `v0` and others are skipped. The key is the whole secret as it is shown, a
 * `whsec_` prefix included.
 */
import { defineTemplate } from './template.ts';

export const STRIPE_TEMPLATE = defineTemplate({
  content: '{timestamp}.{body}',
  encoding: 'hex',
  key: 'text',
  prefix: 'v1=',
  separator: ',',
  timestampPrefix: 't=',
});
