/** Known answers that other implementations publish. All secrets here are public test material. */
import { GITHUB_TEMPLATE } from './github.ts';
import { STRIPE_TEMPLATE } from './stripe.ts';
import type { SignatureTemplate } from './template.ts';

export interface TemplateVector {
  readonly template: SignatureTemplate;
  readonly secret: string;
  readonly timestamp: string | undefined;
  readonly body: string;
  /** What we write. */
  readonly signed: string;
  /** What was published, when it holds more than we write. */
  readonly received?: string;
}

const STRIPE_BODY = `{
  "id": "evt_123",
  "object": "event",
  "account": "acct_123",
  "api_version": "2017-05-25",
  "created": 1533204620,
  "data": {
    "object": {
      "id": "cus_123",
      "object": "customer",
      "created": 123456789,
      "email": "test@stripe.com",
      "livemode": false,
      "metadata": {}
    }
  },
  "livemode": false,
  "pending_webhooks": 1,
  "request": {
    "id": "req_123",
    "idempotency_key": "idempotency-key-123"
  },
  "type": "customer.created"
}
`;

const STRIPE_V1 = 'v1=2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7';

export const TEMPLATE_VECTORS: readonly TemplateVector[] = [
  // The tests of Stripe's .NET library.
  {
    template: STRIPE_TEMPLATE,
    secret: 'webhook_secret',
    timestamp: '1533204620',
    body: STRIPE_BODY,
    signed: `t=1533204620,${STRIPE_V1}`,
    received:
      `t=1533204620,${STRIPE_V1},` +
      'v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef',
  },
  // GitHub's documentation, "Validating webhook deliveries".
  {
    template: GITHUB_TEMPLATE,
    secret: "It's a Secret to Everybody",
    timestamp: undefined,
    body: 'Hello, World!',
    signed: 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  },
  // The tests of @octokit/webhooks-methods.
  {
    template: GITHUB_TEMPLATE,
    secret: 'mysecret',
    timestamp: undefined,
    body: '{"foo":"bar"}',
    signed: 'sha256=4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3',
  },
];
