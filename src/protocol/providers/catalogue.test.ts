/** What must hold for every entry of the catalogue. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INBOUND_FAILURES } from '../inbound/verifier.ts';
import type { InboundFailure, InboundVerdict } from '../inbound/verifier.ts';
import { compileVerifier } from '../inbound/compile.ts';
import { locate } from '../inbound/locate.ts';
import type { InboundRequest } from '../inbound/request.ts';
import { PROVIDERS, findProvider } from './catalogue.ts';

/** The providers that the catalogue promises; none may be lost. */
const PROMISED = `
agent-signature standard-webhooks standard-webhooks-ed25519 svix cloudevents websub web-bot-auth
a2a a2a-v0.3 mcp-events secevent-push alertmanager openai anthropic gemini gemini-dynamic
replicate elevenlabs retell vapi langgraph langsmith-context-hub assemblyai deepgram cursor
browser-use fal composio recall-ai parallel browserbase exa firecrawl manus e2b beam-cloud
ultravox langfuse apify bland livekit huggingface render iron-xyz allium-beam github gitlab
gitlab-token bitbucket circleci vercel netlify sentry linear jira buildkite trello cloudflare
sanity webflow stripe paypal square adyen-payments adyen-platform paddle plaid coinbase-commerce
alchemy razorpay lemonsqueezy gocardless worldpay everee slack twilio sendgrid discord zoom
mailgun postmark resend telnyx telegram meta whatsapp x-twitter teams-outgoing google-chat
pusher-beams pagerduty intercom zendesk hubspot hubspot-v1v2 asana clickup notion airtable
typeform calendly docusign dropbox dropbox-sign box cal-com customerio clerk workos okta
microsoft-graph google-pubsub google-calendar aws-sns azure-event-grid mux shopify
shopify-events woocommerce
`
  .trim()
  .split(/\s+/);

const encoder = new TextEncoder();
const noKeys = { document: () => Promise.reject(new Error('No key is fetched here')) };

function request(headers: Readonly<Record<string, string>>, body = '{}'): InboundRequest {
  return {
    method: 'POST',
    url: 'https://hooks.example.com/in/abc',
    headers: (name) => headers[name],
    body: encoder.encode(body),
  };
}

/** Secrets of all forms that providers use, and every setting they know. */
const SECRETS = [
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=',
  'ab'.repeat(32),
  'user:password',
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+' +
    '2fNNRaINXvVpiglSI8eNEc6wEA3F+g==',
  '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}',
];
const SETTINGS: Readonly<Record<string, string>> = {
  webhook_id: 'WH-1',
  client_id: 'client',
  issuer: 'https://issuer.test',
  jwks_url: 'https://issuer.test/jwks.json',
  audience: 'me',
  service_account: 'push@project.iam.gserviceaccount.com',
  verify_token: 'token',
};

/** Built with the first secret that fits; a scheme without secrets takes none. */
function built(id: string) {
  const scheme = findProvider(id)?.scheme;
  assert.ok(scheme);
  for (const secret of SECRETS) {
    try {
      return compileVerifier(scheme, { secrets: [secret], config: SETTINGS, keys: noKeys });
    } catch (error) {
      assert.ok(error instanceof TypeError, `${id}: ${String(error)}`);
    }
  }
  return assert.fail(`${id} takes none of the secrets`);
}

test('all 119 providers are here, each once', () => {
  assert.equal(PROMISED.length, 119);
  assert.deepEqual(PROVIDERS.map(({ id }) => id).toSorted(), PROMISED.toSorted());
  assert.equal(findProvider('nobody'), undefined);
  assert.equal(findProvider('__proto__'), undefined);
});

for (const provider of PROVIDERS) {
  test(`${provider.id}: a bare request is refused for a reason`, async () => {
    const verifier = built(provider.id);
    const verdicts: InboundVerdict[] = [];
    for (const body of ['{}', '', '[]', '\u0000', '{"Type":"Notification"}']) {
      verdicts.push(await verifier.verify(request({}, body), 1_735_689_600_000));
    }
    for (const verdict of verdicts) {
      assert.ok(!verdict.ok);
      assert.ok(INBOUND_FAILURES.includes(verdict.reason));
      assert.match(verdict.detail, /[.?]$/);
    }
  });

  test(`${provider.id}: the entry is written for people`, () => {
    assert.match(provider.id, /^[a-z0-9]+(?:[-.][a-z0-9]+)*$/);
    assert.match(provider.name, /^\S.*\S$/);
    assert.match(provider.notes, /\.$/);
    assert.match(provider.secretHint, /[.…]$/);
    assert.ok(provider.documentation.length > 5);
    assert.ok(provider.retry === null || provider.retry.endsWith('.'));
    for (const setting of provider.settings) assert.match(setting.meaning, /\.$/);
    for (const type of provider.bodyTypes) assert.match(type, /^(?:\*|[a-z]+\/[a-z0-9.+-]+)$/);
  });
}

test('a bare request lacks its signature, whatever the scheme', async () => {
  const reasons = new Set<InboundFailure>([
    'missing_signature',
    'malformed_body',
    'key_unavailable',
  ]);
  for (const provider of PROVIDERS) {
    const verdict = await built(provider.id).verify(request({}), 0);
    assert.ok(!verdict.ok && reasons.has(verdict.reason), `${provider.id}: ${verdict.ok}`);
  }
});

test('an id in a header is signed only where the scheme signs it', () => {
  const signs = (id: string) => findProvider(id)?.signsEventId;
  for (const id of ['standard-webhooks', 'svix', 'openai', 'stripe', 'slack', 'sendgrid', 'e2b']) {
    assert.equal(signs(id), true, id);
  }
  const unsigned = [
    'github',
    'shopify',
    'iron-xyz',
    'gitlab-token',
    'telegram',
    'mailgun',
    'paypal',
  ];
  for (const id of unsigned) assert.equal(signs(id), false, id);
});

test('legitimate repeats are told apart, or nothing is dropped', () => {
  // GitLab: checkout_sha is all zeros whenever a branch goes.
  const gitlab = findProvider('gitlab-token')?.eventId;
  assert.ok(gitlab);
  const deletion = { checkout_sha: '0'.repeat(40) };
  const first = locate(gitlab, request({ 'x-gitlab-event-uuid': 'a' }), deletion);
  assert.notEqual(first, locate(gitlab, request({ 'x-gitlab-event-uuid': 'b' }), deletion));
  // Postmark: a message is opened many times; unsigned, so the body decides as well.
  assert.equal(findProvider('postmark')?.signsEventId, false);
  // Retell, Adyen, Zoom, Bland: an id of the object is none of the event.
  for (const id of ['retell', 'adyen-platform', 'zoom', 'bland', 'whatsapp']) {
    assert.equal(findProvider(id)?.eventId, null, id);
  }
  // Dropbox says the same each time.
  for (const id of ['dropbox', 'alertmanager', 'microsoft-graph']) {
    assert.equal(findProvider(id)?.repeatsAreEvents, true, id);
  }
});

test('types and ids of well-known events are found', () => {
  const github = findProvider('github');
  const push = request({ 'x-github-event': 'issues', 'x-github-delivery': 'd-1' });
  assert.ok(github?.eventType && github.eventId);
  assert.equal(locate(github.eventType, push, { action: 'opened' }), 'issues:opened');
  assert.equal(locate(github.eventType, push, {}), 'issues');
  assert.equal(locate(github.eventId, push, {}), 'd-1');

  const telegram = findProvider('telegram')?.eventType;
  assert.ok(telegram);
  assert.equal(locate(telegram, request({}), { update_id: 1, message: {} }), 'message');

  const x = findProvider('x-twitter')?.eventType;
  assert.ok(x);
  assert.equal(
    locate(x, request({}), { for_user_id: '1', tweet_create_events: [] }),
    'tweet_create_events',
  );

  const hubspot = findProvider('hubspot');
  const batch = [1, 2].map((eventId) => ({
    eventId,
    subscriptionId: 7,
    occurredAt: 9,
    subscriptionType: 'contact.creation',
  }));
  assert.ok(hubspot?.eventType && hubspot.eventId);
  assert.equal(locate(hubspot.eventType, request({}), batch), 'contact.creation');
  assert.equal(locate(hubspot.eventId, request({}), batch), '1,2:7,7:9,9');
});
