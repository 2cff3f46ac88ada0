/**
 * `sha256=<hex>` over the body, as GitHub made common. It holds one signature and covers no time,
 * so a receiver must dedupe by the id inside the body.
 */
import { defineTemplate } from './template.ts';

export const GITHUB_TEMPLATE = defineTemplate({
  content: '{body}',
  encoding: 'hex',
  key: 'text',
  prefix: 'sha256=',
  separator: null,
  timestampPrefix: null,
});
