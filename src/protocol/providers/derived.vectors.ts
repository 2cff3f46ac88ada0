/** Requests computed from documented formulas: they prove that we read them the same way twice. */
import type { ProviderVector } from './vector.vectors.ts';

const BODY = '{"id":"evt_test_1","type":"test.ping","note":"héllo ✓"}';
const NOW = 1735689600;

function derived(
  provider: string,
  secret: string,
  headers: Readonly<Record<string, string>>,
): ProviderVector {
  return {
    provider,
    origin: 'derived',
    source: 'Computed from the documented formula; the vendor publishes none.',
    secret,
    now: NOW,
    url: `https://hooks.example.com/in/${provider}`,
    headers,
    body: BODY,
  };
}

export const DERIVED_VECTORS: readonly ProviderVector[] = [
  derived('mcp-events', 'whsec_uv3FQyEVbSjbg1l3rcA++g/3qWeRzwSEygJeKgcLwM4=', {
    'webhook-id': 'msg_test_1',
    'webhook-timestamp': '1735689600',
    'webhook-signature': 'v1,cxBBA+90xG3NRXmNaIBQlI28JkARL/CkJ2yLU+QMHJc=',
  }),
  derived('gemini', 'whsec_Qlb3P2FM3frMddnGAUh3Cwu0Sc0rTATVrg6tXgPFdW8=', {
    'webhook-id': 'msg_test_1',
    'webhook-timestamp': '1735689600',
    'webhook-signature': 'v1,BwRJkSMYMUKnb6N3hgc4aaWThzJmHUJWwhJhzHKuL80=',
  }),
  derived('langsmith-context-hub', 'test_secret_langsmith-context-hub', {
    'x-langsmith-signature':
      'sha256=e00498fdc28f9f0897725404585790867c3ab8cd79855d6a1da27a52ce810b6b',
  }),
  derived('cursor', 'test_secret_cursor', {
    'x-webhook-signature':
      'sha256=2cebd962006f614ad32d954c4fee9d2a44275bff5d79e3f9e33515cc5d9c9acf',
  }),
  derived('composio', 'test_secret_composio', {
    'webhook-id': 'msg_test_1',
    'webhook-timestamp': '1735689600',
    'webhook-signature': 'v1,k708YOpYw+IMJwbilhcSnOnzBoVygYOAZuBGrrAaCGQ=',
  }),
  derived('recall-ai', 'whsec_j0L6ARNDJ5sR6gfZsroZyptGZ5VnkiVqbzcUoGY6vgI=', {
    'webhook-id': 'msg_test_1',
    'webhook-timestamp': '1735689600',
    'webhook-signature': 'v1,Gzkr1kjc8KmGQQup50cZHa8uOk8zJU+R+ihmLOr8Iy0=',
  }),
  derived('parallel', 'whsec_ptoWqAf4wuGFUGdam0rMxdXhXspj9yTOoncLdnvxN10=', {
    'webhook-id': 'msg_test_1',
    'webhook-timestamp': '1735689600',
    'webhook-signature': 'v1,LLSeU9S27fNp339WRwoyfXMWQtn5C9XUyiRGIlpFePA=',
  }),
  derived('browserbase', 'whsec_MQsbFMAYbnYRfTUuMgnhTkP4YPeNUEF1fd9wWrD/9tg=', {
    'webhook-id': 'msg_test_1',
    'webhook-timestamp': '1735689600',
    'webhook-signature': 'v1,/wPcrkuayDYTA+aPMj3ponkv6vAxe6ghnaf7cFczdUY=',
  }),
  derived('exa', 'test_secret_exa', {
    'exa-signature':
      't=1735689600,v1=1147aad7fa1c918aa071b9fc7fb5808ff058685d3a7feee2aa2f7f97faba34b2',
  }),
  derived('firecrawl', 'test_secret_firecrawl', {
    'x-firecrawl-signature':
      'sha256=9387d8659c2a4e40550059000c19361ec12e507a3661a8cdf7f36aad9cd4dde8',
  }),
  derived('e2b', 'test_secret_e2b', {
    'e2b-signature': 'AXHrYJ11CS03RbXu_TLa7Gr7GPURxSPusXf_99mO4tU',
  }),
  derived('beam-cloud', 'test_secret_beam-cloud', {
    'x-beta9-signature': 'sha256=c5efa6b693ef7af63f5e8a66eb506a66f41bb69fc7f6992efc299f0669ff5cc6',
  }),
  derived('ultravox', 'test_secret_ultravox', {
    'x-ultravox-webhook-timestamp': '2025-01-01T00:00:00Z',
    'x-ultravox-webhook-signature':
      'e066cdc3a2e379a20d3e8c83a1f28a91c9025df8ecf9696a0be72b6003e15daa',
  }),
  derived('langfuse', 'test_secret_langfuse', {
    'x-langfuse-signature':
      't=1735689600,v1=6cc5905aedae4ffa5a504ad66af9b848b012a2f7bcfe2af72a87d13c4ea3feed',
  }),
  derived('bland', 'test_secret_bland', {
    'x-webhook-signature': '19fda40753a3fe972bb65034fdc9c11e8a77672df4ce9087d134048909ce46be',
  }),
  derived('render', 'whsec_M/kuBODPAJlQji4cLJbTqpeVTmG/BOKvh3Vj20CG6gg=', {
    'webhook-id': 'msg_test_1',
    'webhook-timestamp': '1735689600',
    'webhook-signature': 'v1,EJhZRzml/joG6hYAPZWCbPH/NaWHpIylU33OI8RWlWg=',
  }),
  derived('iron-xyz', 'test_secret_iron-xyz', {
    'webhook-timestamp': '1735689600',
    'webhook-signature': 'v1=e61c9d22b8de76b2ef4310577c10fcf6e6ed2742079c1b6a87151024d4646a53',
  }),
  derived('allium-beam', 'test_secret_allium-beam', {
    'x-webhook-nonce': 'msg_test_1',
    'x-webhook-timestamp': '1735689600',
    'x-signature-256': 'sha256=b1de3103c495e0f353d00b911664760cf83c867dcf556e6f25baba19df8be09d',
  }),
  derived('gitlab', 'whsec_YMPZ4WdjsfLLXaBlFp0wmf9Dlbat7ufT2GhGqItahzo=', {
    'webhook-id': 'msg_test_1',
    'webhook-timestamp': '1735689600',
    'webhook-signature': 'v1,I5zRLYioDDXUH7cCbOeGBgAt3URr9R9AbN1cxuUNKlk=',
  }),
  derived('vercel', 'test_secret_vercel', {
    'x-vercel-signature': 'e17c922bbf1d27acf323210ede084edc8e1b9d4a',
  }),
  derived('sentry', 'test_secret_sentry', {
    'sentry-hook-timestamp': '1735689600',
    'sentry-hook-signature': 'f1aaa66c2cac07146f249f597ad311ec6c3fdd4c52ee7ea930b0c7c0a0eb7196',
  }),
  derived('buildkite', 'test_secret_buildkite', {
    'x-buildkite-signature':
      'timestamp=1735689600,signature=ec7976d688a81d3b9f3ee058d15c52d886' +
      '4e71d7a8ba5db7202de201e4792d5e',
  }),
  derived('trello', 'test_secret_trello', {
    'x-trello-webhook': 'E+0FRRaQDhGq96GJh8s+9ktgkps=',
  }),
  derived('sanity', 'test_secret_sanity', {
    'sanity-webhook-signature': 't=1735689600000,v1=jeh2JSLTNLv0ii9KG3876-K5ZH-V9xCwu0qLeG_8bJs',
  }),
  derived('webflow', 'test_secret_webflow', {
    'x-webflow-timestamp': '1735689600000',
    'x-webflow-signature': 'd0eb7813bad018e7c46de886cd6fcc8b5ccae9339460454c24a39748255ab09f',
  }),
  derived('stripe', 'test_secret_stripe', {
    'stripe-signature':
      't=1735689600,v1=935f80e6473659db7599b0e5c4bc577c8adfa3800bc6eba8d037822dc56f3cd4',
  }),
  derived('square', 'test_secret_square', {
    'x-square-hmacsha256-signature': 'tgwiJKiUPzUhIllf36AixB0+B+hvmpEUQBk7Sc3mk+I=',
  }),
  derived('adyen-platform', '07e399312164f0b0f6d148b1c559b842a0cf80e8d871c348d835a610d3fa0e2e', {
    hmacsignature: 'MSSNHZrSYnpUaDRbce6whZabp4yULxJ2deF1GTzFySo=',
  }),
  derived('coinbase-commerce', 'test_secret_coinbase-commerce', {
    'x-cc-webhook-signature': '2c12a73b340d25b75cb075071c3f42a9bfefd92c9254627dd6245dbad79b7ac0',
  }),
  derived('alchemy', 'test_secret_alchemy', {
    'x-alchemy-signature': '809777d26c229e69d1416f5cdc8e6dcc9ab8f0c58df6693c22c24666d0f17ff6',
  }),
  derived('razorpay', 'test_secret_razorpay', {
    'x-razorpay-signature': 'ef370c9cfdfa55b0c9160681279270b1d69c2778f1b719ded463f5b8d84f8507',
  }),
  derived('lemonsqueezy', 'test_secret_lemonsqueezy', {
    'x-signature': '6d0cb3b9d16aa0b1141a4160ce082d0e284d7cfd4152eeb8f7446868e2f3f189',
  }),
  derived('gocardless', 'test_secret_gocardless', {
    'webhook-signature': 'b27aef9427ae1e43e96d26dcf77439de1bc56488540df557fd0119eabe0383e6',
  }),
  derived('everee', 'test_secret_everee', {
    'x-everee-webhook-timestamp': '1735689600',
    'x-everee-webhook-signature':
      'v1=e0b0524211c340f534ad92d369760fef411e9a56de58085b511c3967c5480e3c',
  }),
  derived('resend', 'whsec_cMLI4DqvWrM2C18t+tRWohlVsU3t4bhOXBuV7PmYQy4=', {
    'svix-id': 'msg_test_1',
    'svix-timestamp': '1735689600',
    'svix-signature': 'v1,S5gYFdsF8LrCplBQwwqTpqmMnMoe3J85qu7N1HBaSvs=',
  }),
  derived('meta', 'test_secret_meta', {
    'x-hub-signature-256':
      'sha256=1576968b0a419cb4f074f9865c38d12aeb736ed1312528289a5bb99693027b76',
  }),
  derived('whatsapp', 'test_secret_whatsapp', {
    'x-hub-signature-256':
      'sha256=b61ccaed42e1cf03e9e2a58715b1f84aa58d84e0173a13629539abf2230b6c0e',
  }),
  derived('teams-outgoing', '33waDWXlRLBKFoNJFYfrn6JCvSFDZ2JLRxBVE8ZW/xg=', {
    authorization: 'HMAC FwEdDUlhxhsWmETjQPL90IGU6Lg6MXfEJYI8JotZVIM=',
  }),
  derived('pusher-beams', 'test_secret_pusher-beams', {
    'x-pusher-signature': '97e3a860e52825908fc3baa1688e7bca31890ed0b3d0e315a23595d1ff3a738a',
  }),
  derived('pagerduty', 'test_secret_pagerduty', {
    'x-pagerduty-signature': 'v1=8c07b0c4b9c4ba483ce239c1c1e935677eb972070ec9e6a0c3fb4c5bbbe249d8',
  }),
  derived('intercom', 'test_secret_intercom', {
    'x-hub-signature': 'sha1=b528619cc6380d38abb0c2b338278ab65c08704d',
  }),
  derived('zendesk', 'test_secret_zendesk', {
    'x-zendesk-webhook-signature-timestamp': '2025-01-01T00:00:00Z',
    'x-zendesk-webhook-signature': '9EYBNR1RPujfnBwpsVhjPGY6wneosS6gTDbfOpDo1YM=',
  }),
  derived('asana', 'test_secret_asana', {
    'x-hook-signature': '5b40bfef7579268fd53d6a34aa0fac871823e721c8307b1f03e4c21bf3579861',
  }),
  derived('clickup', 'test_secret_clickup', {
    'x-signature': '70f6d7eedc8bafcb46cb020d063fd815d9a9b9258aa150f1098249dc6e9e7ebc',
  }),
  derived('notion', 'test_secret_notion', {
    'x-notion-signature': 'sha256=71136da19e11ca5ce64f4b2301484512f5306af41352856508315acde0d87255',
  }),
  derived('airtable', 'Exh0dFaa7goZEomPl03vs+E+5kyZIhgnb7B/Ny3QV78=', {
    'x-airtable-content-mac':
      'hmac-sha256=76ee670813d7b460b243cce9769c7bd896d6d05868120f73918df2c694fe8d68',
  }),
  derived('typeform', 'test_secret_typeform', {
    'typeform-signature': 'sha256=GYjh108nyQGTq6cemXcgiKKvdKpVsdRxzpfqhzReOpI=',
  }),
  derived('calendly', 'test_secret_calendly', {
    'calendly-webhook-signature':
      't=1735689600,v1=17a0d08164f0cd1633edfb455722a5d4c33ddcae9a74be3fe3ba7d4a78e8485c',
  }),
  derived('docusign', 'test_secret_docusign', {
    'x-docusign-signature-1': 'qTFZIf0katNARerlQcDQtVjLqmIwRT2bSMg1o+zgyvk=',
  }),
  derived('dropbox', 'test_secret_dropbox', {
    'x-dropbox-signature': 'd27ddeacf01f4767069fe3e61caf513fe0518d42342a9168e24aec9883cf8997',
  }),
  derived('cal-com', 'test_secret_cal-com', {
    'x-cal-signature-256': '4c04b8aabeda700d59c0b332439d1e03ca3c5fb9e5f2f76b38a370977a5fabb8',
  }),
  derived('customerio', 'test_secret_customerio', {
    'x-cio-timestamp': '1735689600',
    'x-cio-signature': '7f0b5b028dd8a1b9fed621a64e84185c529401c7307ce81c84ad29774e95978c',
  }),
  derived('clerk', 'whsec_ksGHysz2bfqZCxF0ox8ksiPM6BMewMQ3YXQgZ5H0MDY=', {
    'svix-id': 'msg_test_1',
    'svix-timestamp': '1735689600',
    'svix-signature': 'v1,QiK2okwItTAuwjBeMEBwxta31q3eiR5tZZAxODjUU+0=',
  }),
  derived('workos', 'test_secret_workos', {
    'workos-signature':
      't=1735689600000,v1=b766eddf3ed1fb023648de207feb0d0956ca67cc759782b4fe2aa209e660ad1c',
  }),
  derived('mux', 'test_secret_mux', {
    'mux-signature':
      't=1735689600,v1=df83d50b11bcea118ca372a16ee06a2892e974181d099bfea9d1128f65da8851',
  }),
  derived('shopify-events', 'test_secret_shopify-events', {
    'shopify-hmac-sha256': 'rY+Vqu5OH4AIaftzPLajEo5YWw8+HihUzV31gJ8GEVI=',
  }),
  derived('woocommerce', 'test_secret_woocommerce', {
    'x-wc-webhook-signature': '7UxTiMRhS0rZARTpyUB/LziLPe1tnNRf9GfqsfWWwko=',
  }),
  {
    provider: 'telnyx',
    origin: 'derived',
    source: 'Computed from the documented formula; the vendor publishes none.',
    secret: 'JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=',
    now: 1735689600,
    url: 'https://hooks.example.com/in/telnyx',
    headers: {
      'telnyx-timestamp': '1735689600',
      'telnyx-signature-ed25519':
        'bV3JrLb9htg9Razgehf32yvIv0Cyi7Bjb2QtzuUMgPDvCcbwtxC3o2Rn5Y' +
        'R6phFCFDeciRNkhznOpnSjdwDyAg==',
    },
    body: '{"type":1}',
  },
  {
    provider: 'x-twitter',
    origin: 'derived',
    source: 'key and token from a public gist; response computed here',
    secret: 'z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu',
    now: 1735689600,
    url: 'https://hooks.example.com/in/x-twitter',
    headers: {
      'x-twitter-webhooks-signature': 'sha256=Cytd4Sq+NvEcV3MMrXxWJGJx5A+y/lXzzU2Maartkx8=',
    },
    body: '9b4507b3-9040-4669-9ca3-6b94edb50553',
  },
];
