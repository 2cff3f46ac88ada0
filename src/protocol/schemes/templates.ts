/** The flavours that a subscription may add to its requests, by name. */
import { GITHUB_TEMPLATE } from './github.ts';
import { STRIPE_TEMPLATE } from './stripe.ts';
import type { SignatureTemplate } from './template.ts';

export const TEMPLATE_NAMES = ['stripe', 'github'] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

export const TEMPLATES: Readonly<Record<TemplateName, SignatureTemplate>> = {
  stripe: STRIPE_TEMPLATE,
  github: GITHUB_TEMPLATE,
};

/**
 * A header that holds one signature has a sister for the secret before, while two overlap:
 * `X-Acme-Signature` and `X-Acme-Signature-2`.
 */
export const PREVIOUS_SUFFIX = '-2';
