/** Requests whose signatures vendors, specifications and SDKs publish. All secrets are theirs. */
import type { ProviderVector } from './vector.vectors.ts';

export const PUBLISHED_VECTORS: readonly ProviderVector[] = [
  {
    provider: 'agent-signature',
    origin: 'own',
    source: 'computed from the definition',
    secret: 'agent-secret',
    now: 1735689600,
    url: 'https://hooks.example.com/in/agent-signature',
    headers: {
      'x-agent-signature': '408f7638a3311775b159a34a356a0af9135495e1f528ed4e83e8f0c8c615b854',
    },
    body: '{"event":"ping"}',
  },
  {
    provider: 'standard-webhooks',
    origin: 'published',
    source: 'standard-webhooks JS tests, svix server worker.rs, replicate-javascript tests',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    now: 1614265330,
    url: 'https://hooks.example.com/in/standard-webhooks',
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
    body: '{"test": 2432232314}',
  },
  {
    provider: 'standard-webhooks',
    origin: 'own',
    source: 'computed from the definition',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    now: 1614265330,
    url: 'https://hooks.example.com/in/standard-webhooks',
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature':
        'v9,AAAA v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v1,g0hM9S' +
        'sE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
    body: '{"test": 2432232314}',
  },
  {
    provider: 'standard-webhooks-ed25519',
    origin: 'published',
    source: 'svix-webhooks README + worker.rs tests',
    secret: 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=',
    now: 1614265330,
    url: 'https://hooks.example.com/in/standard-webhooks-ed25519',
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature':
        'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA' +
        '7AZdpXwVLPo3mNl8EM+m7TBAg==',
    },
    body: '{"test": 2432232314}',
  },
  {
    provider: 'websub',
    origin: 'published',
    source: 'Atlassian Bitbucket docs (same construction as WebSub)',
    secret: "It's a Secret to Everybody",
    now: 1735689600,
    url: 'https://hooks.example.com/in/websub',
    headers: {
      'x-hub-signature': 'sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9',
    },
    body: 'Hello World!',
  },
  {
    provider: 'web-bot-auth',
    origin: 'published',
    source: 'cloudflare/web-bot-auth test_data (key = RFC 9421 test-key-ed25519)',
    secret: '{"kty": "OKP", "crv": "Ed25519", "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"}',
    now: 1735689700,
    url: 'https://example.com/path/to/resource',
    headers: {
      'signature-input':
        'sig1=("@authority");created=1735689600;keyid="poqkLGiymh_W0uP6PZFw-' +
        'dvez3QJT5SolqXBCW38r0U";alg="ed25519";expires=4889289600;nonce="zIW' +
        '8+cdmA3vdYagbxojpONwa/l0EKJ/O3/wD486VvsQjO/RxPaSt6ZxvQaMcQzNnqKN/mQ' +
        '6hpGiFro2L2qkz5A==";tag="web-bot-auth"',
      signature:
        'sig1=:QKN4fTdIYfh82fvoZCQiQA1weuozfCS/Led2zTMbewMMqH8PI2Wsy/5c4ao6B6D09nr' +
        'aNQdBNOADg8aM1MqfCg==:',
    },
    body: '',
  },
  {
    provider: 'replicate',
    origin: 'published',
    source: 'replicate-javascript index.test.ts',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    now: 1614265330,
    url: 'https://hooks.example.com/in/replicate',
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
    body: '{"test": 2432232314}',
  },
  {
    provider: 'github',
    origin: 'published',
    source: 'docs.github.com validating webhook deliveries',
    secret: "It's a Secret to Everybody",
    now: 1735689600,
    url: 'https://hooks.example.com/in/github',
    headers: {
      'x-hub-signature-256':
        'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    },
    body: 'Hello, World!',
  },
  {
    provider: 'bitbucket',
    origin: 'published',
    source: 'Atlassian Bitbucket docs',
    secret: "It's a Secret to Everybody",
    now: 1735689600,
    url: 'https://hooks.example.com/in/bitbucket',
    headers: {
      'x-hub-signature': 'sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9',
    },
    body: 'Hello World!',
  },
  {
    provider: 'circleci',
    origin: 'published',
    source: 'CircleCI docs table',
    secret: 'secret',
    now: 1735689600,
    url: 'https://hooks.example.com/in/circleci',
    headers: {
      'circleci-signature': 'v1=734cc62f32841568f45715aeb9f4d7891324e6d948e4c6c60c0621cdac48623a',
    },
    body: 'hello world',
  },
  {
    provider: 'circleci',
    origin: 'published',
    source: 'CircleCI docs table',
    secret: 'another-secret',
    now: 1735689600,
    url: 'https://hooks.example.com/in/circleci',
    headers: {
      'circleci-signature': 'v1=daa220016c8f29a8b214fbfc3671aeec2145cfb1e6790184ffb38b6d0425fa00',
    },
    body: 'lalala',
  },
  {
    provider: 'circleci',
    origin: 'published',
    source: 'CircleCI docs table',
    secret: 'hunter123',
    now: 1735689600,
    url: 'https://hooks.example.com/in/circleci',
    headers: {
      'circleci-signature': 'v1=9be2242094a9a8c00c64306f382a7f9d691de910b4a266f67bd314ef18ac49fa',
    },
    body: 'an-important-request-payload',
  },
  {
    provider: 'circleci',
    origin: 'published',
    source: 'CircleCI docs table',
    secret: 'secret',
    now: 1735689600,
    url: 'https://hooks.example.com/in/circleci',
    headers: {
      'circleci-signature': 'v1=773ba44693c7553d6ee20f61ea5d2757a9a4f4a44d2841ae4e95b52e4cd62db4',
    },
    body: 'foo',
  },
  {
    provider: 'jira',
    origin: 'published',
    source: 'Atlassian docs (same example as Bitbucket)',
    secret: "It's a Secret to Everybody",
    now: 1735689600,
    url: 'https://hooks.example.com/in/jira',
    headers: {
      'x-hub-signature': 'sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9',
    },
    body: 'Hello World!',
  },
  {
    provider: 'adyen-payments',
    origin: 'published',
    source: 'adyen-node-api-library tests',
    secret: 'DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00',
    now: 1735689600,
    url: 'https://hooks.example.com/in/adyen-payments',
    headers: {},
    body:
      '{"live":"false","notificationItems":[{"NotificationRequestItem":{"additionalData":{"' +
      'hmacSignature":"ZNBPtI+oDyyRrLyD1XirkKnQgIAlFc07Vj27TeHsDRE="},"amount":{"currency":' +
      '"EUR","value":1000},"eventCode":"REPORT_AVAILABLE","merchantAccountCode":"merchantAc' +
      'count","merchantReference":"reference","originalReference":"originalReference","pspR' +
      'eference":"pspReference","success":"true"}}]}',
  },
  {
    provider: 'paddle',
    origin: 'published',
    source: 'paddle-node-sdk tests',
    secret: 'VALID_SECRET',
    now: 1698796800,
    url: 'https://hooks.example.com/in/paddle',
    headers: {
      'paddle-signature':
        'ts=1698796800;h1=a300428748dce5c70e4da19bffd60769591ea969c99dea3105d0ec9612cf43f9',
    },
    body: '{"data": ["1", "2"]}',
  },
  {
    provider: 'twilio',
    origin: 'published',
    source: 'twilio-node spec',
    secret: '12345',
    now: 1735689600,
    url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
    headers: {
      'x-twilio-signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
      'content-type': 'application/x-www-form-urlencoded',
    },
    body:
      'CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%' +
      '2B18005551212',
  },
  {
    provider: 'twilio',
    origin: 'published',
    source: 'twilio-node spec (JSON body; bodySHA256 in the query)',
    secret: '12345',
    now: 1735689600,
    url:
      'https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416' +
      'e41502b283a80c7cf19632632f96e6620',
    headers: {
      'x-twilio-signature': 'a9nBmqA0ju/hNViExpshrM61xv4=',
    },
    body: '{"property": "value", "boolean": true}',
  },
  {
    provider: 'twilio',
    origin: 'published',
    source: 'twilio-node spec (port 443 present)',
    secret: '12345',
    now: 1735689600,
    url: 'https://mycompany.com:443/myapp.php?foo=1&bar=2',
    headers: {
      'x-twilio-signature': 'kvajT1Ptam85bY51eRf/AJRuM3w=',
      'content-type': 'application/x-www-form-urlencoded',
    },
    body:
      'CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%' +
      '2B18005551212',
  },
  {
    provider: 'sendgrid',
    origin: 'published',
    source: 'sendgrid-nodejs eventwebhook.spec',
    secret:
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n8' +
      '4iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRq' +
      'e62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==',
    now: 1600112502,
    url: 'https://hooks.example.com/in/sendgrid',
    headers: {
      'x-twilio-email-event-webhook-timestamp': '1600112502',
      'x-twilio-email-event-webhook-signature':
        'MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0' +
        'u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15Tl' +
        'uLtEZtM=',
    },
    body:
      '[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","sg_event_i' +
      'd":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","sg_message_id":"LRzXl_NHSt' +
      'OGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","smtp-id":"<LRzXl_' +
      'NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n',
  },
  {
    provider: 'hubspot-v1v2',
    origin: 'published',
    source: 'hubspot-api-nodejs tests / HubSpot docs (v1)',
    secret: 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy',
    now: 1735689600,
    url: 'https://hooks.example.com/in/hubspot-v1v2',
    headers: {
      'x-hubspot-signature': '232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de',
      'x-hubspot-signature-version': 'v1',
    },
    body:
      '[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"su' +
      'bscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"' +
      'CRM","changeFlag":"NEW","appId":54321}]',
  },
  {
    provider: 'hubspot-v1v2',
    origin: 'published',
    source: 'HubSpot docs (v2 POST)',
    secret: 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy',
    now: 1735689600,
    url: 'https://www.example.com/webhook_uri',
    headers: {
      'x-hubspot-signature': '9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900',
      'x-hubspot-signature-version': 'v2',
    },
    body: '{"example_field":"example_value"}',
  },
  {
    provider: 'hubspot-v1v2',
    origin: 'published',
    source: 'HubSpot docs (v2 GET, empty body)',
    secret: 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy',
    now: 1735689600,
    method: 'GET',
    url: 'https://www.example.com/webhook_uri',
    headers: {
      'x-hubspot-signature': 'eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e',
      'x-hubspot-signature-version': 'v2',
    },
    body: '',
  },
  {
    provider: 'box',
    origin: 'published',
    source: 'box-node-sdk tests (primary)',
    secret: 'SamplePrimaryKey',
    now: 1577862000,
    url: 'https://hooks.example.com/in/box',
    headers: {
      'box-delivery-timestamp': '2020-01-01T00:00:00-07:00',
      'box-signature-primary': '6TfeAW3A1PASkgboxxA5yqHNKOwFyMWuEXny/FPD5hI=',
    },
    body:
      '{"type":"webhook_event","webhook":{"id":"1234567890"},"trigger":"FILE.UPLOADED","sou' +
      'rce":{"id":"1234567890","type":"file","name":"Test.txt"}}',
  },
  {
    provider: 'box',
    origin: 'published',
    source: 'box-node-sdk tests (secondary key)',
    secret: 'SampleSecondaryKey',
    now: 1577862000,
    url: 'https://hooks.example.com/in/box',
    headers: {
      'box-delivery-timestamp': '2020-01-01T00:00:00-07:00',
      'box-signature-secondary': 'v+1CD1Jdo3muIcbpv5lxxgPglOqMfsNHPV899xWYydo=',
    },
    body:
      '{"type":"webhook_event","webhook":{"id":"1234567890"},"trigger":"FILE.UPLOADED","sou' +
      'rce":{"id":"1234567890","type":"file","name":"Test.txt"}}',
  },
];
